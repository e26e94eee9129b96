/** One slot: the job that it runs and how far that is; or free, at the same height. */

import { Bar } from "../common/bar.js";
import { element } from "../common/dom.js";
import { span, whole } from "../common/format.js";
import { to } from "../common/routes.js";
import { words as common } from "../words/common.js";
import { words } from "../words/workers.js";
import { Age } from "./ages.js";
import { write } from "./rows.js";

export class SlotRow {
  element = element("li", { class: "slot" });
  #jobId = null;
  #bar;
  #percent = element("span", { class: "slot-percent" });
  #facts = element("p", { class: "hint slot-facts" });

  /** running: what it runs; null: nothing. */
  show(running) {
    if ((running?.jobId ?? null) !== this.#jobId || !this.element.firstChild) this.#build(running);
    if (running) this.#move(running);
  }

  #build(running) {
    this.#jobId = running?.jobId ?? null;
    this.element.toggleAttribute("data-free", !running);
    if (!running) {
      this.element.replaceChildren(element("p", { class: "hint" }, words.free));
      return;
    }
    const name = nameOf(running);
    // Of another job: it does not run on from where the one before was.
    this.#bar = new Bar(words.progressOf(name));
    const age = new Age(running.startedAt, { isSpan: true });
    const since = element("span", { class: "hint slot-since" }, `${words.runningFor} `, age.element);
    this.element.replaceChildren(
      element("p", { class: "slot-line" }, element("a", { class: "link name", href: to("jobs", running.jobId) }, name), this.#percent),
      this.#bar.element,
      element("div", { class: "slot-line" }, this.#facts, since),
    );
  }

  #move(running) {
    const percent = Math.max(0, Math.min(100, running.progress));
    const said = facts(running);
    this.#bar.show(percent, [`${whole(percent)}%`, ...said].join(", "));
    write(this.#percent, `${whole(percent)}%`);
    write(this.#facts, said.join(" · "));
  }
}

const nameOf = ({ symbol, strategyName, kind }) => [symbol, strategyName ?? kind].filter(Boolean).join(" · ");

function facts({ stepCode, attempt, estimatedTimeRemaining }) {
  const said = [];
  if (stepCode) said.push(common.steps[stepCode] ?? stepCode);
  if (attempt > 1) said.push(words.attempt(attempt));
  if (Number.isFinite(estimatedTimeRemaining)) said.push(words.left(span(estimatedTimeRemaining)));
  return said;
}
