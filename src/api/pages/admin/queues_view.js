/** Queues: what waits and runs in each, paused, resumed, limited. */

import { element } from "../common/dom.js";
import { words as common } from "../words/common.js";
import { words } from "../words/queues.js";
import { words as head } from "../words/admin.js";
import { QueueCard } from "./queue_card.js";
import { Rows } from "./rows.js";

export class QueuesView {
  element = element("section", { class: "page" });
  #shared;
  #hint = element("p", { class: "hint" });
  #empty = element("p", { class: "empty" }, common.loading);
  #list = element("ul", { class: "queues" });
  #rows;
  #end = null;

  constructor(shared) {
    this.#shared = shared;
    this.element.append(element("h2", { tabindex: "-1" }, head.queues), this.#hint, this.#empty, this.#list);
    this.clear();
  }

  title = () => `${head.queues} · ${head.product}`;

  enter() {
    this.#hint.textContent = this.#shared.mayChange ? words.hint : words.readOnly;
    this.#end ??= this.#shared.figures.on("queues", ({ queues }) => this.#show(queues));
  }

  leave() {
    this.#end?.();
    this.#end = null;
  }

  /** The next to log in may be somebody who may do more, or less: cards are made anew. */
  clear() {
    this.#list.replaceChildren();
    this.#rows = new Rows(this.#list, { key: (queue) => queue.name, make: (queue) => new QueueCard(queue, this.#shared) });
    this.#empty.hidden = false;
    this.#empty.textContent = common.loading;
  }

  #show(queues) {
    this.#empty.hidden = queues.length > 0;
    this.#empty.textContent = words.empty;
    this.#rows.show(queues);
  }
}
