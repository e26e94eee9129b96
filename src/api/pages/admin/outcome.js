/** What became of an action: said where it was asked for, and read out, until it is dismissed or another follows. */

import { button, element } from "../common/dom.js";
import { to } from "../common/routes.js";
import { words as common } from "../words/common.js";
import { words } from "../words/admin_jobs.js";

export class Outcome {
  element = element("div", { class: "outcome", role: "status", hidden: true });
  #onUnauthorized;

  constructor({ onUnauthorized }) {
    this.#onUnauthorized = onUnauthorized;
  }

  /** What goes on; null when it is over. */
  busy(text) {
    this.#put(text === null ? [] : [element("p", { class: "hint" }, text)], "busy");
  }

  /** {text, isWorry, made}: made is the id of a job that came of it. */
  tell({ text, isWorry = false, made = null }) {
    const link = made && element("a", { class: "link", href: to("jobs", made) }, words.openNew);
    const close = button("×", () => this.clear(), { class: "link", "aria-label": common.close });
    this.#put([element("p", {}, text, link ? " " : null, link), close], isWorry ? "worry" : "done");
  }

  fail(refusal) {
    if (refusal.isUnauthorized) this.#onUnauthorized();
    else this.tell({ text: refusal.isUncertain ? `${refusal.message} ${words.uncertain}` : refusal.message, isWorry: true });
  }

  clear() {
    this.#put([], "");
  }

  /** Does it, and says what came of it. act() gives what tell takes, or null. Whether it was done. */
  async of(act) {
    try {
      const done = await act((text) => this.busy(text));
      if (done) this.tell(done);
      return Boolean(done);
    } catch (refusal) {
      if (refusal.status === undefined) throw refusal;
      this.fail(refusal);
      return false;
    }
  }

  #put(inside, kind) {
    this.element.replaceChildren(...inside);
    this.element.dataset.kind = kind;
    this.element.hidden = inside.length === 0;
  }
}
