/** Asks for jobs by plain requests: often while no stream is there, now and then for what a stream does not tell. */

import { look, recent, unfinished } from "./calls.js";

const POLL_MILLISECONDS = 2_000;
const QUIET_MILLISECONDS = 5_000;
const LONGEST_MILLISECONDS = 16_000;
/** Of jobs that ended unheard, more than these are looked for among the recent ones. */
const SINGLY = 6;

export class Lookout {
  reached = true;
  #calls;
  #onReach = () => {};
  #life = null;
  #timer = 0;
  #relaxed = false;
  #caughtUp = false;
  #failures = 0;
  #heardAt = new Map();

  /**
   * calls: onJob(job), onGone(jobId), onCaughtUp(), onUnauthorized(), unfinished(), the ids of those that are.
   */
  constructor(calls) {
    this.#calls = calls;
  }

  /** Begin with everything recent. onReach: told whether the server answers. */
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
    this.#heardAt.clear();
  }

  /** A stream holds: only jobs that it is quiet about are asked for, such as waiting ones, for their place in line. */
  relax() {
    this.#relaxed = true;
  }

  /** The stream broke: what it would have told is asked for at once. */
  hurry() {
    if (this.#relaxed) this.#begin();
  }

  heard({ jobId, status }) {
    if (status === "waiting" || status === "processing") this.#heardAt.set(jobId, performance.now());
    else this.#heardAt.delete(jobId);
  }

  #begin() {
    this.#relaxed = false;
    this.#caughtUp = false;
    this.#schedule(0);
  }

  #schedule(milliseconds) {
    clearTimeout(this.#timer);
    const life = this.#life;
    if (life) this.#timer = setTimeout(() => this.#round(life), milliseconds);
  }

  async #round(life) {
    let least = 0;
    try {
      await this.#ask(life.signal);
      this.#failures = 0;
      this.#tell(life, true);
    } catch (refusal) {
      if (life.signal.aborted) return;
      if (refusal.isUnauthorized) {
        this.#calls.onUnauthorized();
        return;
      }
      this.#failures += 1;
      least = (refusal.retryAfter ?? 0) * 1000;
      this.#tell(life, false);
    }
    if (life === this.#life) this.#schedule(Math.max(least, this.#pause()));
  }

  #tell(life, reached) {
    if (life !== this.#life) return;
    this.reached = reached;
    this.#onReach(reached);
  }

  #pause() {
    if (this.#failures === 0) return this.#relaxed ? QUIET_MILLISECONDS : POLL_MILLISECONDS;
    const longer = Math.min(LONGEST_MILLISECONDS, POLL_MILLISECONDS * 2 ** (this.#failures - 1));
    return longer * (0.75 + Math.random() / 2);
  }

  async #ask(signal) {
    if (!this.#caughtUp || (!this.#relaxed && this.#calls.unfinished().length === 0)) {
      await this.#take(recent(signal), signal);
      this.#caughtUp = true;
      this.#calls.onCaughtUp();
    }
    const wanted = this.#calls.unfinished().filter((jobId) => !this.#relaxed || this.#isQuiet(jobId));
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
