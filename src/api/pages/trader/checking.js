/** Asks whether a definition runs, shortly after the last key, and only for the newest text. */

import { checkStrategy } from "./calls.js";

const PAUSE_MILLISECONDS = 150;

export class Checking {
  #calls;
  #timer = 0;
  #asking = null;

  /** calls: onChecking(), onChecked(answer), onLost(refusal). */
  constructor(calls) {
    this.#calls = calls;
  }

  soon(definition) {
    this.stop();
    this.#timer = setTimeout(() => this.now(definition), PAUSE_MILLISECONDS);
  }

  /** The answer, also told; null when it was lost or a newer question overtook it. */
  async now(definition) {
    this.stop();
    const asking = new AbortController();
    this.#asking = asking;
    this.#calls.onChecking();
    try {
      const answer = await checkStrategy(definition, asking.signal);
      if (asking !== this.#asking) return null;
      this.#calls.onChecked(answer);
      return answer;
    } catch (refusal) {
      if (asking === this.#asking) this.#calls.onLost(refusal);
      return null;
    }
  }

  stop() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
  }
}
