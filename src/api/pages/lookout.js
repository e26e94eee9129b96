/** Asks for jobs by plain requests: often while no stream is there, now and then for those a stream is quiet about. */

import { look, recent } from "./api.js";

const POLL_MILLISECONDS = 2_000;
const QUIET_MILLISECONDS = 5_000;
const LONGEST_MILLISECONDS = 16_000;
/** More jobs than this are asked for in one request. */
const SINGLY = 6;
/** Without unfinished jobs every so many polls look for new ones, and whether anybody answers. */
const IDLE_POLLS = 5;

export class Lookout {
  reached = true;
  #calls;
  #etags = new Map();
  #life = null;
  #timer = 0;
  #relaxed = false;
  #caughtUp = false;
  #failures = 0;
  #idle = 0;
  #heardAt = 0;

  /**
   * calls: onJob(job), onGone(jobId), onCaughtUp(), onReach(whether the server
   * answers), onUnauthorized(), unfinished().
   */
  constructor(calls) {
    this.#calls = calls;
  }

  /** Begin with everything recent. */
  start() {
    this.stop();
    this.#life = new AbortController();
    this.#begin(false);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#life?.abort();
    this.#life = null;
    this.#failures = 0;
  }

  /** A stream just said hello: what happened before it is asked for once, then only what it is quiet about. */
  relax() {
    this.#begin(true);
  }

  hurry() {
    if (!this.#relaxed && this.#caughtUp) return;
    this.#begin(false);
  }

  heard() {
    this.#heardAt = performance.now();
  }

  #begin(relaxed) {
    this.#relaxed = relaxed;
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
    this.#calls.onReach(reached);
  }

  #pause() {
    if (this.#failures === 0) return this.#relaxed ? QUIET_MILLISECONDS : POLL_MILLISECONDS;
    const longer = Math.min(LONGEST_MILLISECONDS, POLL_MILLISECONDS * 2 ** (this.#failures - 1));
    return longer * (0.75 + Math.random() / 2);
  }

  async #ask(signal) {
    const unfinished = this.#calls.unfinished();
    if (!this.#caughtUp || unfinished.length > SINGLY || (unfinished.length === 0 && this.#isIdleRound())) {
      for (const job of await recent(signal)) this.#calls.onJob(job);
      this.#caughtUp = true;
      this.#calls.onCaughtUp();
    }
    if (this.#relaxed && performance.now() - this.#heardAt < QUIET_MILLISECONDS) return;
    await Promise.all(this.#calls.unfinished().slice(0, SINGLY).map((jobId) => this.#lookAt(jobId, signal)));
  }

  #isIdleRound() {
    this.#idle = (this.#idle + 1) % IDLE_POLLS;
    return !this.#relaxed && this.#idle === 0;
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
