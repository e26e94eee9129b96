/** What is asked for again after its answer was lost keeps its key, by which the server does it once. */

export class Once {
  /** The keys of what may have been done, by what it was. */
  #keys = new Map();

  /** send(key) asks for it. what: the same for the same. Throws Refusal. */
  async ask(what, send) {
    const key = this.#keys.get(what) ?? newKey();
    this.#keys.delete(what);
    try {
      return await send(key);
    } catch (refusal) {
      if (refusal.isUncertain) this.#keys.set(what, key);
      throw refusal;
    }
  }

  clear() {
    this.#keys.clear();
  }
}

/** As random as crypto.randomUUID, which browsers keep from pages that came over plain http. */
const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
