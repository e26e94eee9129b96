/** Questions in place of a stream, and what there is to ask beside one: later and later while nobody answers. */

const POLL_MILLISECONDS = 2_000;
const LONGEST_MILLISECONDS = 16_000;

/** A kind of it says what is asked: ask(signal), which may throw a Refusal; and begun(), that all is to be asked anew. */
export class Poller {
  reached = true;
  #quietMilliseconds;
  #onReach = () => {};
  #life = null;
  #timer = 0;
  #failures = 0;
  #relaxed = false;

  /** quietMilliseconds: how often it is asked while a stream holds; null: not at all. */
  constructor({ quietMilliseconds }) {
    this.#quietMilliseconds = quietMilliseconds;
  }

  /** A stream holds, which tells what it tells. */
  get isRelaxed() {
    return this.#relaxed;
  }

  /** Aborted when it is stopped; undefined while it is. */
  get signal() {
    return this.#life?.signal;
  }

  begun() {}

  /** Begin with everything. onReach: told whether the server answers. */
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

  relax() {
    this.#relaxed = this.reached = true;
    if (this.#quietMilliseconds !== null) return;
    // An answer that is still on its way would be older than what the stream pushed, and stay.
    clearTimeout(this.#timer);
    this.#life?.abort();
    this.#life = new AbortController();
  }

  /** The stream broke: what it would have told is asked for at once. */
  hurry() {
    if (this.#relaxed) this.#begin();
  }

  #begin() {
    this.#relaxed = false;
    this.begun();
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
      await this.ask(life.signal);
      this.#failures = 0;
      this.#tell(life, true);
    } catch (refusal) {
      if (life.signal.aborted) return;
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
    if (this.#failures === 0) return this.#relaxed ? this.#quietMilliseconds : POLL_MILLISECONDS;
    const longer = Math.min(LONGEST_MILLISECONDS, POLL_MILLISECONDS * 2 ** (this.#failures - 1));
    return longer * (0.75 + Math.random() / 2);
  }
}
