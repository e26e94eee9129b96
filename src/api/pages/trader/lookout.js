/** Asks for jobs by plain requests: often while no stream is there, now and then for what a stream does not tell. */

import { Poller } from "../common/poller.js";
import { look, recent, unfinished } from "./calls.js";

const QUIET_MILLISECONDS = 5_000;
/** Of jobs that ended unheard, more than these are looked for among the recent ones. */
const SINGLY = 6;

export class Lookout extends Poller {
  #calls;
  #caughtUp = false;
  #heardAt = new Map();

  /**
   * calls: onJob(job), onGone(jobId), onCaughtUp(), unfinished(), the ids of those that are.
   */
  constructor(calls) {
    super({ quietMilliseconds: QUIET_MILLISECONDS });
    this.#calls = calls;
  }

  stop() {
    super.stop();
    this.#heardAt.clear();
  }

  begun() {
    this.#caughtUp = false;
  }

  heard({ jobId, status }) {
    if (status === "waiting" || status === "processing") this.#heardAt.set(jobId, performance.now());
    else this.#heardAt.delete(jobId);
  }

  /** Beside a stream only jobs that it is quiet about are asked for, such as waiting ones, for their place in line. */
  async ask(signal) {
    if (!this.#caughtUp || (!this.isRelaxed && this.#calls.unfinished().length === 0)) {
      await this.#take(recent(signal), signal);
      this.#caughtUp = true;
      this.#calls.onCaughtUp();
    }
    const wanted = this.#calls.unfinished().filter((jobId) => !this.isRelaxed || this.#isQuiet(jobId));
    if (wanted.length === 0) return;
    const found = await this.#take(unfinished(signal), signal);
    const ended = wanted.filter((jobId) => !found.has(jobId));
    if (ended.length > SINGLY) await this.#take(recent(signal), signal);
    else await Promise.all(ended.map((jobId) => this.#lookAt(jobId, signal)));
  }

  async #take(answer, signal) {
    const found = await answer;
    // Of somebody who has left meanwhile nothing is taken.
    signal.throwIfAborted();
    for (const job of found) this.#calls.onJob(job);
    return new Set(found.map((job) => job.jobId));
  }

  #isQuiet(jobId) {
    return performance.now() - (this.#heardAt.get(jobId) ?? 0) > QUIET_MILLISECONDS / 2;
  }

  async #lookAt(jobId, signal) {
    try {
      const { data } = await look(jobId, null, signal);
      signal.throwIfAborted();
      this.#calls.onJob(data);
    } catch (refusal) {
      signal.throwIfAborted();
      if (refusal.status !== 404) throw refusal;
      this.#calls.onGone(jobId);
    }
  }
}
