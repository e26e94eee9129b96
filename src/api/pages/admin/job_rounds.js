/** One action on many jobs, a round of the server's after another: seen how far it is, stopped, and gone on with. */

import { Bar } from "../common/bar.js";
import { button, element } from "../common/dom.js";
import { whole } from "../common/format.js";
import { words } from "../words/admin_jobs.js";

/** What one round of the server's takes. */
export const ROUND = 1_000;

export class Rounds {
  element;
  acted = 0;
  refused = {};
  /** Whether the answer of a round was lost: what it did, nobody told. */
  isLost = false;
  /** Where the next round begins; null when nothing is left. */
  cursor;
  #send;
  #matched;
  #isAll;
  #gone = 0;
  #isStopped = false;
  #says = element("p", { class: "hint" });
  #bar = new Bar();
  #stop = button(words.stop, () => this.#onStop(), { class: "quiet" });

  /** counted: the server's answer to a dry run. send(members): asks it for a round. */
  constructor({ matched, isAll, cursor }, send) {
    this.#matched = matched;
    this.#isAll = isAll;
    this.cursor = cursor;
    this.#send = send;
    this.#bar.name(words.progress);
    this.element = element("div", { class: "rounds" }, this.#says, this.#stop, this.#bar.element);
    this.#show();
  }

  get left() {
    return this.#matched - this.#gone;
  }

  get isOver() {
    return this.cursor === null || this.left <= 0;
  }

  /** How many were gone through, of how many. */
  get far() {
    return words.ofAll(whole(this.#gone), whole(this.#matched));
  }

  /** To the end, until it is stopped or the signal aborts. Throws Refusal; once more goes on where it was. */
  async run(signal) {
    this.#isStopped = false;
    this.#show();
    while (!this.isOver && !this.#isStopped && !signal.aborted) {
      await this.#round();
      this.#show();
    }
  }

  async #round() {
    try {
      const { acted, refused, cursor } = await this.#send({ atMost: this.left, cursor: this.cursor });
      this.acted += acted;
      this.cursor = cursor;
      this.#gone += acted;
      for (const [why, jobs] of Object.entries(refused)) {
        this.refused[why] = (this.refused[why] ?? 0) + jobs;
        this.#gone += jobs;
      }
    } catch (refusal) {
      this.isLost ||= refusal.isUncertain === true;
      // Beyond those that were counted are others: what the lost round may have done counts as done.
      if (refusal.isUncertain && !this.#isAll) this.#gone += Math.min(ROUND, this.left);
      throw refusal;
    }
  }

  #onStop() {
    this.#isStopped = true;
    this.#show();
  }

  #show() {
    this.#stop.ariaDisabled = String(this.#isStopped);
    this.#says.textContent = [this.#isStopped ? words.stoppingAfter : null, this.far, words.keepOpen].filter(Boolean).join(" ");
    this.#bar.show(Math.floor((100 * this.#gone) / this.#matched), this.far);
  }
}
