/** The newest figures of all: pushed while the stream holds, asked for every two seconds while it does not. */

import { get } from "./calls.js";

const POLL_MILLISECONDS = 2_000;
const LONGEST_MILLISECONDS = 16_000;
/** How each kind is asked for where nothing is pushed. */
const ASKED = {
  stats: (signal) => get("/stats", signal),
  queues: (signal) => get("/queues", signal),
  workers: (signal) => get("/workers", signal),
  audit: async (signal) => ({ newest: (await get("/audit?limit=1", signal)).entries[0]?.id ?? null }),
};
export const KINDS = Object.keys(ASKED);

export class Figures {
  reached = true;
  /** When anything came last, in epoch milliseconds of this clock; null before. */
  takenAt = null;
  #calls;
  #newest = {};
  #listeners = new Map(KINDS.map((kind) => [kind, new Set()]));
  #onReach = () => {};
  #life = null;
  #timer = 0;
  #failures = 0;
  #relaxed = false;

  constructor(calls) {
    this.#calls = calls;
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
    return this.#ask([kind], this.#life?.signal).catch(() => {});
  }

  clear() {
    this.#newest = {};
    this.takenAt = null;
  }

  start(onReach) {
    this.stop();
    this.#onReach = onReach;
    this.#life = new AbortController();
    this.#begin();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#life?.abort();
    this.#life = null;
    this.#failures = 0;
  }

  /** The stream holds: an answer that is still on its way would be older than what it pushed, and stay. */
  relax() {
    this.#relaxed = this.reached = true;
    clearTimeout(this.#timer);
    this.#life?.abort();
    this.#life = new AbortController();
  }

  hurry() {
    if (this.#relaxed) this.#begin();
  }

  #begin() {
    this.#relaxed = false;
    this.#schedule(0);
  }

  #schedule(milliseconds) {
    clearTimeout(this.#timer);
    const life = this.#life;
    if (life) this.#timer = setTimeout(() => this.#round(life), milliseconds);
  }

  async #round(life) {
    try {
      await this.#ask(KINDS, life.signal);
      this.#failures = 0;
      this.reached = true;
    } catch (refusal) {
      if (life.signal.aborted) return;
      if (refusal.isUnauthorized) {
        this.#calls.onUnauthorized();
        return;
      }
      this.#failures += 1;
      this.reached = false;
    }
    if (life !== this.#life) return;
    this.#onReach(this.reached);
    if (!this.#relaxed) this.#schedule(this.#pause());
  }

  #pause() {
    if (this.#failures === 0) return POLL_MILLISECONDS;
    return Math.min(LONGEST_MILLISECONDS, POLL_MILLISECONDS * 2 ** (this.#failures - 1)) * (0.75 + Math.random() / 2);
  }

  async #ask(kinds, signal) {
    await Promise.all(kinds.map(async (kind) => this.take(kind)(await ASKED[kind](signal))));
  }
}
