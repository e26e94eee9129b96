/** Workers in a few words: where, how busy, how much they hold, and when they last said so. */

import { element } from "../common/dom.js";
import { whole } from "../common/format.js";
import { to } from "../common/routes.js";
import { words } from "../words/overview.js";
import { Age } from "./ages.js";
import { memory } from "./durations.js";
import { panel, table } from "./panel.js";
import { Rows, write } from "./rows.js";

export class WorkersSummary {
  element;
  #body = element("tbody");
  #empty = element("p", { class: "empty" }, words.noWorkers);
  #scroll;
  #rows = new Rows(this.#body, { key: (worker) => worker.id, make: (worker) => new Row(worker) });

  constructor() {
    const columns = [words.host, words.queue, words.busy, words.memory, words.beat];
    this.#scroll = element("div", { class: "scroll" }, table({ columns, body: this.#body, isNumber: (index) => index > 1 }));
    const more = element("a", { class: "link", href: to("workers") }, words.toWorkers);
    this.element = panel(words.workers, this.#scroll, this.#empty, more);
  }

  show({ workers }) {
    this.#empty.hidden = workers.length > 0;
    this.#scroll.hidden = workers.length === 0;
    this.#rows.show(workers);
  }
}

class Row {
  element;
  #busy = element("td", { class: "number" });
  #memory = element("td", { class: "number" });
  #age;

  constructor(worker) {
    this.#age = new Age(worker.beatAt);
    const name = element("th", { scope: "row", class: "name" }, `${worker.host} · ${worker.pid}`);
    const beat = element("td", { class: "number" }, this.#age.element);
    this.element = element("tr", {}, name, element("td", { class: "name" }, worker.queue), this.#busy, this.#memory, beat);
  }

  show(worker) {
    const busy = `${whole(worker.running.length)} / ${whole(worker.slots)}`;
    write(this.#busy, worker.draining ? `${busy} · ${words.draining}` : busy);
    write(this.#memory, memory(worker.memoryBytes));
    this.#age.show(worker.beatAt);
  }
}
