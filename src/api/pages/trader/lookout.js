/** Asks for jobs by plain requests: often while no stream is there, now and then for those a stream is quiet about. */

import { look, recent } from "./calls.js";

const POLL_MILLISECONDS = 2_000;
const QUIET_MILLISECONDS = 5_000;
const LONGEST_MILLISECONDS = 16_000;
/** More jobs than this are asked for in one request. */
const SINGLY = 6;

export class Lookout {
  reached = true;
  #calls;
  #onReach = () => {};
  #etags = new Map();
  #life = null;
  #timer = 0;
  #relaxed = false;
  #caughtUp = false;
  #failures = 0;
  #heardAt = new Map();

  /**
   * calls: onJob(job), onGone(jobId), onCaughtUp(), onUnauthorized(), unfinished().
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
  }

  /** A stream holds: only jobs that it is quiet about are asked for. */
  relax() {
    this.#relaxed = true;
  }

  /** The stream broke: what it would have told is asked for at once. */
  hurry() {
    if (this.#relaxed) this.#begin();
  }

  heard(jobId) {
    this.#heardAt.set(jobId, performance.now());
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
    const unfinished = this.#calls.unfinished().length;
    const isIdle = unfinished === 0 && !this.#relaxed;
    if (!this.#caughtUp || unfinished > SINGLY || isIdle) {
      for (const job of await recent(signal)) this.#calls.onJob(job);
      this.#caughtUp = true;
      this.#calls.onCaughtUp();
    }
    const wanted = this.#calls.unfinished().filter((jobId) => !this.#relaxed || this.#isQuiet(jobId));
    await Promise.all(wanted.slice(-SINGLY).map((jobId) => this.#lookAt(jobId, signal)));
  }

  #isQuiet(jobId) {
    return performance.now() - (this.#heardAt.get(jobId) ?? 0) > QUIET_MILLISECONDS / 2;
  }

  async #lookAt(jobId, signal) {
    try {
      const { status, data, etag } = await look(jobId, this.#etags.get(jobId), signal);
      this.#etags.set(jobId, etag);
      if (status !== 304) this.#calls.onJob(data);
    } catch (refusal) {
      if (refusal.status !== 404) throw refusal;
      this.#calls.onGone(jobId);
    }
  }
}
