/** One run: its name, where it stands, what can be done about it, and its result below. */

import { button, element, say } from "../common/dom.js";
import { change, clock, money, percent, ratio, span } from "../common/format.js";
import { isFinal } from "./jobs.js";
import { Result } from "./result.js";
import { words as common } from "../words/common.js";
import { words } from "../words/desk.js";
import { words as results } from "../words/results.js";

const SETTLING_MILLISECONDS = 700;

export const title = (job) => [job.symbol, job.strategyName].filter(Boolean).join(" · ") || job.jobId;

export class Run {
  element;
  #calls;
  #job;
  #parts;
  #result = null;
  #busy = false;
  #settling = 0;

  /** calls: onCancel, onAgain, onToggle, each with the job's id. */
  constructor(job, calls) {
    this.#calls = calls;
    this.#job = job;
    this.#parts = this.#made(job);
    this.element = this.#parts.item;
  }

  update(job) {
    const before = this.#job;
    this.#job = job;
    const { item, name, facts, phase, number, bar, fill, figures, extra } = this.#parts;
    item.dataset.status = job.status;
    name.textContent = title(job);
    name.disabled = job.status !== "completed";
    facts.textContent = job.startDate ? words.facts(job.startDate, job.endDate, money(job.initialCapital)) : "";
    const running = !isFinal(job);
    phase.textContent = job.cancelRequested && running ? words.stopping : phaseOf(job);
    number.textContent = job.status === "processing" ? `${job.progress}%` : "";
    bar.hidden = !running;
    bar.setAttribute("aria-label", words.progressOf(title(job)));
    bar.setAttribute("aria-valuenow", job.progress);
    bar.setAttribute("aria-valuetext", `${phase.textContent}, ${job.progress}%`);
    // A new attempt begins at 0: that is a fact, not a movement to be watched.
    fill.classList.toggle("at-once", job.progress < before.progress);
    fill.style.width = `${job.progress}%`;
    figures.replaceChildren(...(job.status === "completed" ? headline(job) : []));
    figures.hidden = job.status !== "completed";
    say(extra, sentence(job));
    this.#offer();
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
    const fill = element("div", { class: "bar-fill" });
    const bar = element(
      "div",
      { class: "bar", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 },
      fill,
    );
    const parts = { name, fill, bar };
    for (const part of ["facts", "phase", "number", "extra"]) parts[part] = element("p", { class: `run-${part}` });
    parts.figures = element("dl", { class: "run-figures" });
    parts.act = button("", () => this.#canAct && this.#act(), { class: "quiet" });
    const { facts, phase, number, figures, extra, act } = parts;
    parts.item = element(
      "li",
      { class: "run card", "data-job": job.jobId },
      element("div", { class: "run-title" }, element("h3", {}, name), facts),
      element("div", { class: "run-state" }, element("div", { class: "run-line" }, phase, number), bar, figures, extra),
      element("div", { class: "run-actions" }, act),
    );
    return parts;
  }

  #offer() {
    const { act } = this.#parts;
    const label = isFinal(this.#job) ? words.runAgain : common.cancel;
    if (act.textContent && act.textContent !== label) this.#pause();
    act.textContent = label;
    act.setAttribute("aria-label", words.named(label, title(this.#job)));
    act.setAttribute("aria-disabled", !this.#canAct);
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

/** What it is doing now. Steps are worded here: an event stream speaks the browser's language, not the one chosen. */
function phaseOf({ status, stepCode, currentStep, attempt, error }) {
  if (status === "waiting" && attempt > 0 && error) return words.retrying;
  if (status !== "processing") return words.inWords[status];
  return common.steps[stepCode ?? "starting"] ?? currentStep;
}

/** The three figures one looks for first. */
function headline({ metrics }) {
  const figure = (label, value, tone) =>
    element("div", {}, element("dt", {}, label), element("dd", { class: tone }, value));
  const { totalReturn, sharpeRatio, maxDrawdown } = metrics ?? {};
  return [
    figure(results.totalReturn, change(totalReturn), totalReturn > 0 ? "up" : totalReturn < 0 ? "down" : ""),
    figure(results.metrics.sharpeRatio[0], ratio(sharpeRatio)),
    figure(results.metrics.maxDrawdown[0], percent(maxDrawdown)),
  ];
}

/** What is worth knowing beside the phase. */
function sentence(job) {
  switch (job.status) {
    case "waiting":
      return job.attempt > 0 ? retry(job) : place(job);
    case "processing":
      return [
        job.attempt > 1 && words.attempt(job.attempt),
        Number.isFinite(job.estimatedTimeRemaining) && words.left(span(job.estimatedTimeRemaining)),
      ].filter(Boolean).join(" · ");
    case "completed":
      return flaws(job.coverage);
    case "failed":
      return `${job.error ?? words.noReason} ${words.afterAttempts(job.attempt)}`;
    default:
      return words.cancelled;
  }
}

const retry = (job) => [words.retryAt(clock(job.runAt), job.attempt), job.error].filter(Boolean).join(". ");

function place({ position, positionAtLeast, estimatedWaitTime, reason }) {
  return [
    position === 1 && words.next,
    position > 1 && words.position(position),
    positionAtLeast && words.farBack(positionAtLeast),
    reason === "no_workers" && words.noWorkers,
    estimatedWaitTime > 0 && words.startsIn(span(estimatedWaitTime)),
  ].filter(Boolean).join(" · ");
}

function flaws(coverage) {
  if (!coverage) return "";
  const { complete, closeOnly, dataStart, dataEnd, requestedStart, requestedEnd } = coverage;
  return [
    !complete && dataStart > requestedStart && dataEnd >= requestedEnd && results.pricesStart(dataStart),
    !complete && dataEnd < requestedEnd && results.pricesEnd(dataEnd),
    closeOnly && common.closesOnly,
  ].filter(Boolean).join(" · ");
}
