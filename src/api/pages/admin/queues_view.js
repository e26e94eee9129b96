/** Queues: paused, resumed, limited. */

import { element } from "../common/dom.js";
import { words } from "../words/admin.js";

export class QueuesView {
  element = element("section", { class: "page" });
  #heading = element("h2", { tabindex: "-1" }, words.queues);

  constructor() {
    this.element.append(this.#heading);
  }

  title = () => words.queues;
  enter() {}
  leave() {}
}
