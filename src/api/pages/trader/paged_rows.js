/** Rows of a table, a page at a time, in whichever order was asked for last. */

import { button, element, say } from "../common/dom.js";
import { keepingFocus } from "../common/focus.js";
import { page } from "./calls.js";

export class PagedRows {
  rows = element("tbody");
  heading = element("h4", { tabindex: "-1" });
  problem = element("p", { class: "notice", role: "alert", hidden: true });
  more;
  #read;
  #put;
  #next = null;
  #turn = 0;
  #busy = false;

  /** read(answer): its {items, next, …}. put(part, isNew): draws it, after what is there or in its place. */
  constructor({ moreText, read, put }) {
    this.#read = read;
    this.#put = put;
    // Not disabled while it loads: a button that is, loses the focus.
    this.more = button(moreText, () => this.#busy || this.#load(this.#next, { isNew: false }), { class: "quiet" });
  }

  /** The page that is there already; next: the address of the one after it, or null. */
  begin(part, next) {
    this.#put(part, true);
    this.#continue(next);
  }

  /** Begins anew, in another order. */
  reload(url) {
    return this.#load(url, { isNew: true });
  }

  #continue(next) {
    this.#next = next;
    this.more.hidden = !next;
  }

  async #load(url, { isNew }) {
    this.#say(true);
    say(this.problem, "");
    const turn = (this.#turn += 1);
    try {
      const part = this.#read(await page(url));
      // Sorted otherwise meanwhile.
      if (turn !== this.#turn) return;
      const first = isNew ? 0 : this.rows.children.length;
      keepingFocus(
        () => {
          if (isNew) this.rows.replaceChildren();
          this.#put(part, isNew);
          this.#continue(part.next);
        },
        () => this.rows.children[first]?.querySelector("a, button") ?? this.heading,
      );
    } catch (refusal) {
      if (turn !== this.#turn) return;
      say(this.problem, refusal.message);
    }
    this.#say(false);
  }

  #say(isBusy) {
    this.#busy = isBusy;
    this.more.setAttribute("aria-disabled", isBusy);
    this.rows.setAttribute("aria-busy", isBusy);
  }
}
