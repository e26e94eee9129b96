/** What became of an action: said where it was asked for, and read out, until it is dismissed or another follows. */

import { button, element } from "../common/dom.js";
import { to } from "../common/routes.js";
import { words as common } from "../words/common.js";
import { words } from "../words/admin_jobs.js";

export class Outcome {
  element = element("div", { class: "outcome", role: "status", hidden: true });
  /** What goes on now: more than one where a job is acted on while many are. */
  #lives = new Set();

  /** What goes on, in words or as an element that tells it; null when it is over. */
  busy(what) {
    if (what instanceof Node && this.element.contains(what)) return;
    this.#put(what === null ? [] : [what instanceof Node ? what : element("p", { class: "hint" }, what)], "busy");
  }

  /** {text, isWorry, made, further}: made is the id of a job that came of it, further {text, act} what may follow. */
  tell({ text, isWorry = false, made = null, further = null }) {
    const link = made && element("a", { class: "link", href: to("jobs", made) }, words.openNew);
    const goOn = further && button(further.text, () => this.of(further.act));
    const close = button("×", () => this.clear(), { class: "link closes", "aria-label": common.close });
    this.#put([element("p", {}, text, link ? " " : null, link), goOn, close].filter(Boolean), isWorry ? "worry" : "done");
  }

  fail(refusal) {
    this.tell({ text: refusal.isUncertain ? `${refusal.message} ${words.uncertain}` : refusal.message, isWorry: true });
  }

  focus() {
    this.element.querySelector("button")?.focus();
  }

  /** Forgets what was said; what goes on in rounds ends after this one. */
  clear() {
    for (const life of this.#lives) life.abort();
    this.#put([], "");
  }

  /** Does it, and says what came of it. act(onBusy, signal) gives what tell takes, or null. Whether it was done. */
  async of(act) {
    const life = new AbortController();
    this.#lives.add(life);
    try {
      const done = await act((what) => life.signal.aborted || this.busy(what), life.signal);
      if (done && !life.signal.aborted) this.tell(done);
      return Boolean(done);
    } catch (refusal) {
      if (refusal.status === undefined) throw refusal;
      if (!life.signal.aborted) this.fail(refusal);
      return false;
    } finally {
      this.#lives.delete(life);
    }
  }

  get isAtWork() {
    return this.#lives.size > 0;
  }

  #put(inside, kind) {
    // What goes on is not read out at each step.
    this.element.setAttribute("aria-busy", kind === "busy");
    this.element.replaceChildren(...inside);
    this.element.dataset.kind = kind;
    this.element.hidden = inside.length === 0;
  }
}
