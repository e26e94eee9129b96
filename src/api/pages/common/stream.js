/** What happens, as it happens: one event stream while it holds, a poller's questions while it does not. */

import { openSource } from "./shared_source.js";

const ERRORS = 2;
const WITHIN_MILLISECONDS = 10_000;
const HELLO_MILLISECONDS = 10_000;
const AGAIN_MILLISECONDS = 30_000;

export class Stream {
  #source = null;
  #running = false;
  #live = false;
  #begun = false;
  #fellBack = false;
  #name = "";
  #errors = [];
  #timers = { hello: 0, again: 0 };
  #address;
  #events;
  #poller;
  #onState;

  /**
   * events: what to do with an event's data, by its name; the stream's first is "hello" or any of these.
   * poller: start(onReach), which begins with everything and tells whether the server answers; stop(); relax(), for a
   * stream holds; hurry(), for it broke; reached. onState: told connecting, live, polling or away.
   */
  constructor({ address, events, poller, onState }) {
    this.#address = address;
    this.#events = events;
    this.#poller = poller;
    this.#onState = onState;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#rest() : this.#resume()));
    window.addEventListener("online", () => this.#resume());
    // A page that is put aside whole, for the way back, would keep the others' stream and tell them nothing.
    window.addEventListener("pagehide", () => this.#rest());
    window.addEventListener("pageshow", (event) => event.persisted && this.#resume());
  }

  /** userId: pages of the same user in this browser have one stream together. */
  start(userId) {
    if (this.#running) return;
    this.#running = true;
    this.#name = `pgqueue ${this.#address} ${userId}`;
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
    this.#poller.stop();
  }

  #resume() {
    if (!this.#running || document.hidden || this.#live) return;
    this.#fellBack = false;
    this.#begun = false;
    this.#poller.start((reached) => this.#reach(reached));
    this.#connect();
  }

  #connect() {
    this.#close();
    this.#errors = [];
    const source = openSource(this.#address, this.#name, Object.keys(this.#events));
    this.#source = source;
    this.#awaitHello();
    source.addEventListener("hello", () => source === this.#source && this.#greeted());
    source.addEventListener("handover", () => source === this.#source && this.#handedOver());
    for (const [name, take] of Object.entries(this.#events)) {
      source.addEventListener(name, (event) => {
        if (source !== this.#source) return;
        if (!this.#live) this.#greeted();
        take(JSON.parse(event.data));
      });
    }
    source.addEventListener("error", () => this.#failed(source));
  }

  /** A proxy that holds everything back opens the stream and never lets the first event through. */
  #awaitHello() {
    clearTimeout(this.#timers.hello);
    this.#timers.hello = setTimeout(() => this.#fallBack(), HELLO_MILLISECONDS);
  }

  /** Nothing went wrong, but something may have been missed: a look at everything, as in the beginning. */
  #handedOver() {
    this.#live = false;
    this.#again();
    this.#awaitHello();
  }

  #greeted() {
    clearTimeout(this.#timers.hello);
    this.#live = true;
    this.#fellBack = false;
    // A stream that was there before tells only what is new: first the poller has looked at everything.
    if (this.#begun) this.#poller.relax();
    this.#onState("live");
  }

  #failed(source) {
    if (source !== this.#source) return;
    const now = performance.now();
    this.#errors = [...this.#errors.filter((at) => now - at < WITHIN_MILLISECONDS), now];
    this.#live = false;
    this.#again();
    if (source.readyState === EventSource.CLOSED || this.#errors.length >= ERRORS) this.#fallBack();
    else this.#reach(true);
  }

  /** The stream does not hold: ask instead, and try it again now and then, not all pages at the same moment. */
  #fallBack() {
    this.#close();
    this.#fellBack = true;
    this.#again();
    this.#reach(this.#poller.reached);
    this.#timers.again = setTimeout(() => this.#connect(), AGAIN_MILLISECONDS * (0.75 + Math.random() / 2));
  }

  #again() {
    this.#poller.hurry();
    this.#begun = false;
  }

  #reach(reached) {
    this.#begun ||= reached;
    if (this.#live && this.#begun) this.#poller.relax();
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
