/** How it goes: counts, throughput, waits, and what needs a hand. */

import { element } from "../common/dom.js";
import { words } from "../words/admin.js";

export class OverviewView {
  element = element("section", { class: "page" });
  #heading = element("h2", { tabindex: "-1" }, words.overview);

  constructor() {
    this.element.append(this.#heading);
  }

  title = () => words.overview;
  enter() {}
  leave() {}
}
