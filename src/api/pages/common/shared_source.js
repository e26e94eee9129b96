/** One event stream for all of a browser's pages: a browser has six connections for an origin, and people have ten tabs. */

/**
 * A source of events for a page: its own stream, or one that another page holds and tells the others of.
 *
 * name: who may hear each other; it has the user's id and the stream's address in it. Who holds the lock of that name
 * leads: opens the stream and repeats on the channel what it hears. A leader that goes away frees the lock, and the
 * next in line leads. Without locks (pages that came over plain http) each page has a stream of its own.
 */
export function openSource(address, name, events) {
  const canShare = "locks" in navigator && "BroadcastChannel" in globalThis;
  return canShare ? new SharedSource(address, name, events) : new EventSource(address);
}

/**
 * To its user an EventSource, with "hello" as the first event of each connection, also of one that was there before.
 * "handover": another page leads from now on, and what was said meanwhile is lost.
 */
class SharedSource extends EventTarget {
  readyState = EventSource.CONNECTING;
  #address;
  #events;
  #channel;
  #own = null;
  #resign = () => {};
  #leaving = new AbortController();

  constructor(address, name, events) {
    super();
    this.#address = address;
    this.#events = ["hello", ...events];
    this.#channel = new BroadcastChannel(name);
    this.#channel.addEventListener("message", ({ data }) => this.#told(data));
    this.#channel.postMessage({ asks: true });
    navigator.locks.request(name, { signal: this.#leaving.signal }, () => this.#lead()).catch(() => {});
  }

  close() {
    this.readyState = EventSource.CLOSED;
    this.#leaving.abort();
    this.#own?.close();
    this.#channel.close();
    this.#resign();
  }

  /** Resolves when this page leads no more. */
  #lead() {
    if (this.readyState === EventSource.CLOSED) return undefined;
    this.#channel.postMessage({ handover: true });
    this.#handedOver();
    this.#own = new EventSource(this.#address);
    for (const name of this.#events) this.#own.addEventListener(name, ({ data }) => this.#heard(name, data));
    this.#own.addEventListener("error", () => this.#failed(this.#own.readyState));
    return new Promise((resign) => (this.#resign = resign));
  }

  #heard(name, data) {
    this.#channel.postMessage({ name, data });
    this.#pass(name, data);
  }

  /** state: CONNECTING when it is tried again, CLOSED when the server will not have it. */
  #failed(state) {
    this.#channel.postMessage({ failed: state });
    this.#lose(state);
  }

  #told({ asks, handover, failed, name, data }) {
    if (asks) {
      if (this.#own !== null && this.readyState === EventSource.OPEN) this.#channel.postMessage({ name: "hello", data: "{}" });
    } else if (handover) this.#handedOver();
    else if (failed !== undefined) this.#lose(failed);
    // A hello that was the answer to another page says nothing new.
    else if (name !== "hello" || this.readyState !== EventSource.OPEN) this.#pass(name, data);
  }

  #handedOver() {
    if (this.readyState !== EventSource.OPEN) return;
    this.readyState = EventSource.CONNECTING;
    this.dispatchEvent(new Event("handover"));
  }

  #pass(name, data) {
    this.readyState = EventSource.OPEN;
    this.dispatchEvent(new MessageEvent(name, { data }));
  }

  #lose(state) {
    this.readyState = state;
    this.dispatchEvent(new Event("error"));
  }
}
