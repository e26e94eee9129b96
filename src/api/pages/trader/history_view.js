/** All of one's runs, by what one is looking for. */

import { element } from "../common/dom.js";
import { words } from "../words/desk.js";

export class HistoryView {
  element = element("section", { class: "page" });
  #heading = element("h2", { tabindex: "-1" }, words.history);

  constructor() {
    this.element.append(this.#heading);
  }

  title = () => words.history;
  enter() {}
  leave() {}
}
