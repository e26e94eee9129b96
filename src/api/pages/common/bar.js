/** A progress bar that moves without laying anything out anew: what is filled is pushed in from the left. */

import { element } from "./dom.js";

export class Bar {
  element;
  #fill = element("div", { class: "bar-fill" });
  #percent = null;

  constructor(label = null) {
    const values = { role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": label };
    this.element = element("div", { class: "bar", ...values }, this.#fill);
  }

  /** What it is the progress of. */
  name(label) {
    if (this.element.getAttribute("aria-label") !== label) this.element.setAttribute("aria-label", label);
  }

  /** says: the state in words, for those who hear it. */
  show(percent, says) {
    if (this.element.getAttribute("aria-valuetext") !== says) this.element.setAttribute("aria-valuetext", says);
    if (percent === this.#percent) return;
    // A new attempt begins at 0: that is a fact, not a movement to be watched.
    this.#fill.classList.toggle("at-once", percent < this.#percent);
    this.#fill.style.transform = `translateX(${percent - 100}%)`;
    this.element.setAttribute("aria-valuenow", percent);
    this.#percent = percent;
  }
}
