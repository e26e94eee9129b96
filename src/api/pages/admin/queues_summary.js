/** Queues in a few words: what waits, what runs on how many slots, and whether anything is amiss. */

import { element } from "../common/dom.js";
import { whole } from "../common/format.js";
import { to } from "../common/routes.js";
import { words } from "../words/overview.js";
import { panel, table } from "./panel.js";
import { Rows, write } from "./rows.js";

export class QueuesSummary {
  element;
  #body = element("tbody");
  #empty = element("p", { class: "empty" }, words.noQueues);
  #scroll;
  #rows = new Rows(this.#body, { key: (queue) => queue.name, make: (queue) => new Row(queue) });

  constructor() {
    const columns = [words.queue, words.state, words.waiting, words.active, words.slots];
    this.#scroll = element("div", { class: "scroll" }, table({ columns, body: this.#body, isNumber: (index) => index > 1 }));
    const more = element("a", { class: "link", href: to("queues") }, words.toQueues);
    this.element = panel(words.queues, this.#scroll, this.#empty, more);
  }

  show({ queues }) {
    this.#empty.hidden = queues.length > 0;
    this.#scroll.hidden = queues.length === 0;
    this.#rows.show(queues);
  }
}

/** paused, unserved (jobs wait and nobody works) or open. */
export function stateOf(queue) {
  if (queue.paused) return "paused";
  return queue.workers === 0 && queue.waiting > 0 ? "unserved" : "open";
}

class Row {
  element;
  #state = element("span", { class: "chip" });
  #cells = ["waiting", "active", "slots"].map((name) => [name, element("td", { class: "number" })]);

  constructor(queue) {
    const name = element("th", { scope: "row", class: "name" }, queue.name);
    this.element = element("tr", {}, name, element("td", {}, this.#state), ...this.#cells.map(([, cell]) => cell));
  }

  show(queue) {
    const state = stateOf(queue);
    this.#state.dataset.queue = state;
    write(this.#state, words[state]);
    for (const [name, cell] of this.#cells) write(cell, whole(queue[name]));
  }
}
