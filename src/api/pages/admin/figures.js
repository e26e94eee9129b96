/** The newest figures of all: pushed while the stream holds, asked for every two seconds while it does not. */

import { Poller } from "../common/poller.js";
import { get } from "./calls.js";

/** How each kind is asked for where nothing is pushed. */
const ASKED = {
  stats: (signal) => get("/stats", signal),
  queues: (signal) => get("/queues", signal),
  workers: (signal) => get("/workers", signal),
  audit: async (signal) => ({ newest: (await get("/audit?limit=1", signal)).entries[0]?.id ?? null }),
};
export const KINDS = Object.keys(ASKED);

export class Figures extends Poller {
  /** When anything came last, in epoch milliseconds of this clock; null before. */
  takenAt = null;
  #newest = {};
  #listeners = new Map(KINDS.map((kind) => [kind, new Set()]));

  constructor() {
    super({ quietMilliseconds: null });
  }

  /** The newest of that kind: stats, queues, workers, audit; undefined before the first. */
  newest = (kind) => this.#newest[kind];

  /** Calls with the newest at once, where there is one, and with each that comes. Returns a function that ends it. */
  on(kind, listener) {
    this.#listeners.get(kind).add(listener);
    if (this.#newest[kind] !== undefined) listener(this.#newest[kind]);
    return () => this.#listeners.get(kind).delete(listener);
  }

  take = (kind) => (data) => {
    this.#newest[kind] = data;
    this.takenAt = Date.now();
    for (const listener of this.#listeners.get(kind)) listener(data);
  };

  /** Something was done: what it changed is asked for now and not waited for. */
  refresh(kind) {
    return this.#askFor([kind], this.signal).catch(() => {});
  }

  clear() {
    this.#newest = {};
    this.takenAt = null;
  }

  ask(signal) {
    return this.#askFor(KINDS, signal);
  }

  async #askFor(kinds, signal) {
    await Promise.all(kinds.map(async (kind) => this.take(kind)(await ASKED[kind](signal))));
  }
}
