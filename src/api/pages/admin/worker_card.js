/** One worker: where it is, how it does, and what each of its slots runs. */

import { element, say } from "../common/dom.js";
import { whole } from "../common/format.js";
import { words } from "../words/workers.js";
import { Age } from "./ages.js";
import { memory } from "./durations.js";
import { Rows, write } from "./rows.js";
import { SlotRow } from "./slot_row.js";

export class WorkerCard {
  element;
  #busy = element("span", { class: "worker-busy" });
  #says = element("p", { class: "worker-says", hidden: true });
  #memory = element("dd", {});
  #beat;
  #slots;
  #rows;
  /** Job ids by slot, as they were shown last. */
  #shown = [];

  constructor(worker) {
    const { host, pid, queue, version } = worker;
    this.#beat = new Age(worker.beatAt);
    this.#slots = element("ul", { class: "slots", "aria-label": words.slotsOf(host, pid) });
    this.#rows = new Rows(this.#slots, { key: ({ index }) => index, make: () => rowOf(new SlotRow()) });
    const named = element("h3", { class: "name" }, host, element("span", { class: "hint" }, words.process(pid)));
    const fact = (label, value, title = null) => element("div", {}, element("dt", { title }, label), value);
    this.element = element(
      "li",
      { class: "card worker", "data-worker": worker.id },
      element("div", { class: "worker-head" }, named, this.#busy),
      this.#says,
      element(
        "dl",
        { class: "figures" },
        fact(words.queue, element("dd", { class: "name" }, queue)),
        fact(words.version, element("dd", { class: "name" }, version)),
        fact(words.memory, this.#memory, words.memoryHint),
        fact(words.since, element("dd", {}, new Age(worker.startedAt, { isSpan: true }).element)),
        fact(words.beat, element("dd", {}, this.#beat.element)),
      ),
      this.#slots,
    );
  }

  show(worker) {
    write(this.#busy, words.busy(whole(worker.running.length), whole(worker.slots)));
    write(this.#memory, memory(worker.memoryBytes));
    this.#beat.show(worker.beatAt);
    say(this.#says, worker.draining ? words.draining : "");
    this.#rows.show(inSlots(worker, this.#shown));
  }
}

/** A row for each slot. A job keeps the one it is in; rows stay as many as there are slots, so that nothing jumps. */
function inSlots({ slots, running }, shown) {
  const ids = new Set(running.map(({ jobId }) => jobId));
  for (const [index, jobId] of shown.entries()) if (!ids.has(jobId)) shown[index] = null;
  shown.length = Math.max(slots, running.length);
  for (let index = 0; index < shown.length; index += 1) shown[index] ??= null;
  for (const { jobId } of running) if (!shown.includes(jobId)) shown[shown.indexOf(null)] = jobId;
  return shown.map((jobId, index) => ({ index, running: running.find((one) => one.jobId === jobId) ?? null }));
}

const rowOf = (slot) => ({ element: slot.element, show: ({ running }) => slot.show(running) });
