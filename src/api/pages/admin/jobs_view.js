/** Jobs found among very many, and what is done about them. */

import { element } from "../common/dom.js";
import { words } from "../words/admin.js";

export class JobsView {
  element = element("section", { class: "page" });
  #heading = element("h2", { tabindex: "-1" }, words.jobs);

  constructor() {
    this.element.append(this.#heading);
  }

  title = () => words.jobs;
  enter() {}
  leave() {}
}
