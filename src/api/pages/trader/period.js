/** From when to when: two days, quick choices counted back from the last price, and what of it has none. */

import { button, find, say } from "../common/dom.js";
import { day } from "../common/format.js";
import { words } from "../words/desk.js";

/** Years back; null is all there is. */
const RANGES = [1, 5, 10, null];
const FIRST_SHOWN_YEARS = 5;

export class Period {
  #first = "";
  #last = "";
  #isChosen = false;

  constructor() {
    for (const id of ["start", "end"]) {
      find(id).addEventListener("input", () => {
        this.#isChosen = true;
        this.#say();
      });
    }
    const ranges = RANGES.map((years) =>
      button(years === null ? words.allYears : words.years(years), () => this.#choose(years), { class: "quick" }));
    find("ranges").replaceChildren(...ranges);
  }

  /** The days that have prices. Days that someone chose stay as they are. */
  cover({ first, last }) {
    [this.#first, this.#last] = [day(first), day(last)];
    for (const id of ["start", "end"]) [find(id).min, find(id).max] = [this.#first, this.#last];
    if (!this.#isChosen) {
      const years = `${Number(this.#last.slice(0, 4)) - FIRST_SHOWN_YEARS}-01-01`;
      find("start").value = years > this.#first ? years : this.#first;
      find("end").value = this.#last;
    }
    this.#say();
  }

  /** Chosen before, in this page or in another. */
  set({ start, end }) {
    this.#isChosen = true;
    find("start").value = start;
    find("end").value = end;
    this.#say();
  }

  clear() {
    this.#isChosen = false;
    for (const id of ["start", "end"]) find(id).value = "";
    say(find("period-hint"), "");
  }

  /** null until someone chose. */
  get chosen() {
    return this.#isChosen ? { start: find("start").value, end: find("end").value } : null;
  }

  #choose(years) {
    const back = years === null ? this.#first : yearsBefore(this.#last, years);
    this.set({ start: back > this.#first ? back : this.#first, end: this.#last });
  }

  /** Part of a range may have no prices: a run then begins later or ends sooner, and one should know before. */
  #say() {
    const [start, end] = [find("start").value, find("end").value];
    if (!start || !end || start >= end || !this.#first) say(find("period-hint"), "");
    else if (start > this.#last || end < this.#first) say(find("period-hint"), words.uncovered(this.#first, this.#last));
    else {
      const late = start < this.#first && words.beginsLate(this.#first);
      const early = end > this.#last && words.endsEarly(this.#last);
      say(find("period-hint"), [late, early].filter(Boolean).join(" "));
    }
  }
}

function yearsBefore(last, years) {
  const date = new Date(`${last}T00:00:00Z`);
  date.setUTCFullYear(date.getUTCFullYear() - years);
  return date.toISOString().slice(0, 10);
}
