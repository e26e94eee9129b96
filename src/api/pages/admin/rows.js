/** A list of the same things over time: each keeps its element, and only what changed is touched. */

export class Rows {
  #place;
  #key;
  #make;
  #made = new Map();

  /** make(item): {element, show(item)}, for an item whose key was not there before. */
  constructor(place, { key, make }) {
    this.#place = place;
    this.#key = key;
    this.#make = make;
  }

  show(items) {
    const keys = new Set(items.map(this.#key));
    for (const [key, row] of this.#made) if (!keys.has(key)) this.#drop(key, row);
    items.forEach((item, index) => {
      const row = this.#rowOf(item);
      row.show(item);
      // An element that is moved loses the focus: it stays where it is when that is right.
      const there = this.#place.children[index];
      if (there !== row.element) this.#place.insertBefore(row.element, there ?? null);
    });
  }

  #rowOf(item) {
    const key = this.#key(item);
    if (!this.#made.has(key)) this.#made.set(key, this.#make(item));
    return this.#made.get(key);
  }

  #drop(key, row) {
    row.element.remove();
    this.#made.delete(key);
  }
}

/** Writes the text where it differs: what is unchanged is neither drawn nor read out again. */
export function write(place, text) {
  const said = String(text);
  if (place.textContent !== said) place.textContent = said;
}
