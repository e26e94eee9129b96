/** Something asked again and again while somebody looks: not by a hidden page, and never most of the time. */

const EVERY_MILLISECONDS = 2_000;
/** What takes long is asked the less often: it may take one part of so many of the time. */
const REST = 10;
const LONGEST_MILLISECONDS = 30_000;

export class Repeat {
  #ask;
  #life = null;
  #timer = 0;
  #failures = 0;
  #every;

  /** ask(signal): may throw Refusal, and is asked again, later and later. */
  constructor(ask, every = EVERY_MILLISECONDS) {
    this.#ask = ask;
    this.#every = every;
    document.addEventListener("visibilitychange", () => !document.hidden && this.#life && this.now());
  }

  start() {
    this.stop();
    this.#life = new AbortController();
    this.#schedule(this.#every);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#life?.abort();
    this.#life = null;
    this.#failures = 0;
  }

  now() {
    if (this.#life) this.#schedule(0);
  }

  #schedule(milliseconds) {
    clearTimeout(this.#timer);
    const life = this.#life;
    this.#timer = setTimeout(() => this.#round(life), milliseconds);
  }

  async #round(life) {
    if (document.hidden) return;
    const began = performance.now();
    try {
      await this.#ask(life.signal);
      this.#failures = 0;
    } catch (refusal) {
      if (life !== this.#life) return;
      if (refusal.status === undefined) throw refusal;
      this.#failures += 1;
    }
    if (life !== this.#life) return;
    const rest = Math.max(this.#every * 2 ** this.#failures, (performance.now() - began) * REST);
    this.#schedule(Math.min(LONGEST_MILLISECONDS, rest));
  }
}
