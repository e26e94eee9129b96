/** Where one run stands while it has no result: its phase and how far it is, or why it ended without one. */

import { Bar } from "../common/bar.js";
import { secondsSince } from "../common/clock.js";
import { button, element, say } from "../common/dom.js";
import { busyWhile, keepingFocus } from "../common/focus.js";
import { span } from "../common/format.js";
import { words as common } from "../words/common.js";
import { words } from "../words/run.js";
import { isFinal } from "./jobs.js";
import { phaseOf, sentence } from "./telling.js";

const SECOND = 1000;

export class Standing {
  element = element("div", { class: "card sheet standing" });
  #job = null;
  #clock = 0;
  #state = element("p", { class: "standing-phase", tabindex: "-1" });
  #number = element("p", { class: "standing-number" });
  #bar = new Bar();
  #extra = element("p", { class: "standing-extra" });
  #hint = element("p", { class: "hint" });
  #problem = element("p", { class: "notice", role: "alert", hidden: true });
  #stop;

  /** onCancel(): resolves when the server took it, or throws a Refusal. */
  constructor(onCancel) {
    this.#stop = button(common.cancel, () => busyWhile([this.#stop], () => this.#cancel(onCancel)), { class: "quiet" });
    const head = element("div", { class: "standing-head" }, this.#state, this.#number);
    this.element.append(head, this.#bar.element, this.#extra, this.#hint, this.#problem, this.#stop);
  }

  show(job, title) {
    this.#job = job;
    this.element.dataset.status = job.status;
    const phase = phaseOf(job);
    say(this.#state, phase);
    say(this.#number, job.status === "processing" ? `${job.progress}%` : "");
    this.#bar.element.hidden = isFinal(job);
    this.#bar.name(words.progressOf(title));
    this.#bar.show(job.progress, `${phase}, ${job.progress}%`);
    this.#tell();
    say(this.#hint, isFinal(job) ? (job.status === "failed" ? words.whatToDo : "") : words.resultComes);
    keepingFocus(() => (this.#stop.hidden = isFinal(job) || job.cancelRequested), () => this.#state);
    if (isFinal(job)) this.rest();
    else this.#clock ||= setInterval(() => document.hidden || this.#tell(), SECOND);
  }

  rest() {
    clearInterval(this.#clock);
    this.#clock = 0;
  }

  #tell() {
    say(this.#extra, watched(this.#job));
  }

  async #cancel(onCancel) {
    say(this.#problem, "");
    try {
      await onCancel();
    } catch (refusal) {
      say(this.#problem, refusal.message);
    }
  }
}

/** Beside what lists say of it, how long it has run: here somebody watches. */
function watched(job) {
  const lasts = job.status === "processing" && job.startedAt;
  return [lasts && words.running(span(secondsSince(job.startedAt))), sentence(job)].filter(Boolean).join(" · ");
}
