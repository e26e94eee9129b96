/** Two runs side by side. */

import { element } from "../common/dom.js";
import { words } from "../words/desk.js";

export class CompareView {
  element = element("section", { class: "page" });
  #heading = element("h2", { tabindex: "-1" }, words.compare);

  constructor() {
    this.element.append(this.#heading);
  }

  title = () => words.compare;
  enter() {}
  leave() {}
}
