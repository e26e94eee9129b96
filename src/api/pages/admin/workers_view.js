/** Workers, and what each slot runs. */

import { element } from "../common/dom.js";
import { words } from "../words/admin.js";

export class WorkersView {
  element = element("section", { class: "page" });
  #heading = element("h2", { tabindex: "-1" }, words.workers);

  constructor() {
    this.element.append(this.#heading);
  }

  title = () => words.workers;
  enter() {}
  leave() {}
}
