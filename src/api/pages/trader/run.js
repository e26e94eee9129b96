/** One run: its name, where it stands, what can be done about it, and its result below. */

import { Bar } from "../common/bar.js";
import { button, element, say } from "../common/dom.js";
import { money } from "../common/format.js";
import { to } from "../common/routes.js";
import { isFinal } from "./jobs.js";
import { Result } from "./result.js";
import { figure, headline, phaseOf, sentence, title } from "./telling.js";
import { words as common } from "../words/common.js";
import { words } from "../words/desk.js";

export { title } from "./telling.js";

const SETTLING_MILLISECONDS = 700;
const USUAL_PRIORITY = 5;

export class Run {
  element;
  #calls;
  #job;
  #parts;
  #bar;
  #result = null;
  #busy = false;
  #settling = 0;

  /** calls: onCancel, onAgain, onToggle, onPick, each with the job's id. */
  constructor(job, calls) {
    this.#calls = calls;
    this.#job = job;
    this.#bar = new Bar();
    this.#parts = this.#made(job);
    this.element = this.#parts.item;
  }

  /** Touches what is different, so that fifty of these can move at once. */
  update(job) {
    const before = this.#job;
    this.#job = job;
    const { item, name, facts, phase, number, figures, pick } = this.#parts;
    const running = !isFinal(job);
    const called = title(job);
    if (item.dataset.status !== job.status) {
      item.dataset.status = job.status;
      name.disabled = job.status !== "completed";
      this.#bar.element.hidden = !running;
      figures.replaceChildren(...(job.status === "completed" ? headline(job).map(figure) : []));
      figures.hidden = job.status !== "completed";
      pick.parentElement.hidden = !(job.status === "completed" && job.kind !== "sweep");
    }
    if (name.textContent !== called || before === job) this.#call(called);
    set(facts, factsOf(job));
    set(phase, phaseOf(job));
    set(number, job.status === "processing" ? `${job.progress}%` : "");
    if (running) this.#bar.show(job.progress, `${phase.textContent}, ${job.progress}%`);
    this.tick();
    this.#offer();
  }

  /** What goes on by itself, such as the wait for the next attempt. */
  tick() {
    say(this.#parts.extra, sentence(this.#job));
  }

  get isCountingDown() {
    return this.#job.status === "waiting" && this.#job.attempt > 0;
  }

  pick(is) {
    this.#parts.pick.checked = is;
  }

  /** To what can be done about it now. */
  focus() {
    this.#parts.act.focus();
  }

  open() {
    this.#parts.name.setAttribute("aria-expanded", true);
    this.#parts.item.classList.add("is-open");
    this.#result ??= new Result(this.#job, title(this.#job));
    this.#parts.item.append(this.#result.element);
    this.#result.load();
  }

  shut() {
    this.#parts.name.setAttribute("aria-expanded", false);
    this.#parts.item.classList.remove("is-open");
    this.#result?.element.remove();
  }

  #made(job) {
    const name = button("", () => this.#calls.onToggle(job.jobId), { class: "run-name", "aria-expanded": "false" });
    const parts = { name };
    for (const part of ["facts", "phase", "number", "extra"]) parts[part] = element("p", { class: `run-${part}` });
    parts.figures = element("dl", { class: "run-figures" });
    parts.pick = element("input", { type: "checkbox" });
    parts.pick.addEventListener("change", () => this.#calls.onPick(job.jobId, parts.pick.checked));
    parts.act = button("", () => this.#canAct && this.#act(), { class: "quiet" });
    parts.open = element("a", { class: "link", href: to("runs", job.jobId) }, words.open);
    parts.change = element("a", { class: "link", href: to("", { copy: job.jobId }) }, words.change);
    const { facts, phase, number, figures, extra, act, pick, open, change } = parts;
    parts.item = element(
      "li",
      { class: "run card", "data-job": job.jobId },
      element("div", { class: "run-title" }, element("label", { class: "run-pick" }, pick), element("h3", {}, name), facts),
      element("div", { class: "run-state" }, element("div", { class: "run-line" }, phase, number), this.#bar.element, figures, extra),
      element("div", { class: "run-actions" }, act, element("div", { class: "run-links" }, open, change)),
    );
    return parts;
  }

  #call(called) {
    const { name, pick, open, change } = this.#parts;
    name.textContent = called;
    this.#bar.name(words.progressOf(called));
    pick.setAttribute("aria-label", words.pick(called));
    open.setAttribute("aria-label", words.named(words.open, called));
    change.setAttribute("aria-label", words.named(words.change, called));
  }

  #offer() {
    const { act } = this.#parts;
    const label = isFinal(this.#job) ? words.runAgain : common.cancel;
    if (act.textContent !== label) {
      if (act.textContent) this.#pause();
      act.textContent = label;
    }
    const named = words.named(label, title(this.#job));
    if (act.getAttribute("aria-label") !== named) act.setAttribute("aria-label", named);
    const disabled = String(!this.#canAct);
    if (act.getAttribute("aria-disabled") !== disabled) act.setAttribute("aria-disabled", disabled);
  }

  /** A click meant for “Cancel” must not find “Run again” in its place. */
  #pause() {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.#settling = 0;
      this.#offer();
    }, SETTLING_MILLISECONDS);
  }

  get #canAct() {
    return !this.#busy && !this.#settling && (isFinal(this.#job) || !this.#job.cancelRequested);
  }

  async #act() {
    this.#busy = true;
    this.#offer();
    await (isFinal(this.#job) ? this.#calls.onAgain : this.#calls.onCancel)(this.#job.jobId);
    this.#busy = false;
    this.#offer();
  }
}

function set(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

function factsOf({ startDate, endDate, initialCapital, timeframe, priority, kind }) {
  if (!startDate) return "";
  return [
    kind === "sweep" && words.sweep,
    words.facts(startDate, endDate, money(initialCapital)),
    timeframe && timeframe !== "1d" && timeframe,
    priority !== USUAL_PRIORITY && words.priorityOf(priority),
  ].filter(Boolean).join(" · ");
}
