/** Progress as it happens: one event stream while it holds, asking every two seconds while it does not. */

import { EVENTS } from "./api.js";
import { Lookout } from "./lookout.js";

const ERRORS = 2;
const WITHIN_MILLISECONDS = 10_000;
const HELLO_MILLISECONDS = 10_000;
const AGAIN_MILLISECONDS = 30_000;

export class Feed {
  #source = null;
  #running = false;
  #live = false;
  #fellBack = false;
  #errors = [];
  #timers = { hello: 0, again: 0 };
  #lookout;
  #onJob;
  #onState;

  /**
   * onState: connecting, live, polling or away. onCaughtUp: the recent jobs are all told.
   * onUnauthorized: the session is over.
   */
  constructor({ onJob, onGone, onState, onCaughtUp, onUnauthorized, unfinished }) {
    this.#onJob = onJob;
    this.#onState = onState;
    this.#lookout = new Lookout({
      onJob,
      onGone,
      onCaughtUp,
      onUnauthorized,
      unfinished,
      onReach: (reached) => this.#reach(reached),
    });
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#rest() : this.#resume()));
    window.addEventListener("online", () => this.#resume());
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#onState("connecting");
    this.#resume();
  }

  stop() {
    this.#running = false;
    this.#rest();
  }

  /** A hidden page holds no connection: a browser has six for all of an origin's pages. */
  #rest() {
    this.#close();
    this.#lookout.stop();
  }

  #resume() {
    if (!this.#running || document.hidden || this.#live) return;
    this.#fellBack = false;
    this.#lookout.start();
    this.#connect();
  }

  #connect() {
    this.#close();
    this.#errors = [];
    const source = new EventSource(EVENTS);
    this.#source = source;
    // A proxy that holds everything back opens the stream and never lets the first event through.
    this.#timers.hello = setTimeout(() => this.#fallBack(), HELLO_MILLISECONDS);
    source.addEventListener("hello", () => this.#greeted());
    source.addEventListener("progress", (event) => {
      const job = JSON.parse(event.data);
      this.#lookout.heard(job.jobId);
      this.#onJob(job);
    });
    source.addEventListener("error", () => this.#failed(source));
  }

  #greeted() {
    clearTimeout(this.#timers.hello);
    this.#live = true;
    this.#fellBack = false;
    this.#lookout.relax();
    this.#onState("live");
  }

  #failed(source) {
    if (source !== this.#source) return;
    const now = performance.now();
    this.#errors = [...this.#errors.filter((at) => now - at < WITHIN_MILLISECONDS), now];
    this.#live = false;
    this.#lookout.hurry();
    if (source.readyState === EventSource.CLOSED || this.#errors.length >= ERRORS) this.#fallBack();
    else this.#reach(true);
  }

  /** The stream does not hold: ask instead, and try it again now and then, not all pages at the same moment. */
  #fallBack() {
    this.#close();
    this.#fellBack = true;
    this.#lookout.hurry();
    this.#reach(this.#lookout.reached);
    this.#timers.again = setTimeout(() => this.#connect(), AGAIN_MILLISECONDS * (0.75 + Math.random() / 2));
  }

  #reach(reached) {
    if (this.#live || !this.#running) return;
    if (!reached) this.#onState("away");
    else this.#onState(this.#fellBack ? "polling" : "connecting");
  }

  #close() {
    clearTimeout(this.#timers.hello);
    clearTimeout(this.#timers.again);
    this.#source?.close();
    this.#source = null;
    this.#live = false;
  }
}
