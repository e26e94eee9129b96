/** One's strategies and the built-in ones, and the editor of their rules. */

import { element } from "../common/dom.js";
import { words } from "../words/desk.js";

export class StrategiesView {
  element = element("section", { class: "page" });
  #heading = element("h2", { tabindex: "-1" }, words.strategies);

  constructor() {
    this.element.append(this.#heading);
  }

  title = () => words.strategies;
  enter() {}
  leave() {}
}
