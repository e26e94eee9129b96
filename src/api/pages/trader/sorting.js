/** Heads of columns that say by which of them a table is sorted, and change it. */

import { button, element } from "../common/dom.js";
import { words } from "../words/results.js";

const DIRECTIONS = { asc: "ascending", desc: "descending" };

export class Sorting {
  #heads = new Map();
  #sort;
  #order;
  #change;

  /** change(sort, order): asked for; order is asc or desc. sort: the column it is sorted by already, if any. */
  constructor(change, { sort = null, order = "desc" } = {}) {
    this.#change = change;
    this.#sort = sort;
    this.#order = order;
  }

  head(name, text, classes = "") {
    const press = button(text, () => this.#press(name), { class: "sorts", title: words.sortBy(text) });
    const made = element("th", { scope: "col", class: classes || null }, press);
    this.#heads.set(name, made);
    this.#say(name);
    return made;
  }

  /** The largest first, which is what one looks for; the other way when pressed again. */
  #press(name) {
    this.#order = this.#sort === name && this.#order === "desc" ? "asc" : "desc";
    this.#sort = name;
    for (const each of this.#heads.keys()) this.#say(each);
    this.#change(name, this.#order);
  }

  #say(name) {
    const head = this.#heads.get(name);
    if (name === this.#sort) head.setAttribute("aria-sort", DIRECTIONS[this.#order]);
    else head.removeAttribute("aria-sort");
  }
}
