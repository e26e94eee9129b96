/** One run in the history: a row of a table, and on a phone a card. */

import { button, element, say } from "../common/dom.js";
import { busyWhile } from "../common/focus.js";
import { money } from "../common/format.js";
import { to } from "../common/routes.js";
import { isFinal } from "./jobs.js";
import { headline, phaseOf, sentence, title } from "./telling.js";
import { language } from "../common/language.js";
import { words as common } from "../words/common.js";
import { words } from "../words/desk.js";

const WHEN = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

export class HistoryRow {
  element;
  job = null;
  #parts;

  /** calls: onPick(is), onAgain(), which resolves when it was sent. */
  constructor(job, calls) {
    const pick = element("input", { type: "checkbox" });
    pick.addEventListener("change", () => calls.onPick(pick.checked));
    const name = element("a", { class: "link history-name", href: to("runs", job.jobId) });
    const again = button(words.runAgain, () => busyWhile([again], calls.onAgain), { class: "quiet" });
    const change = element("a", { class: "link", href: to("", { copy: job.jobId }) }, words.change);
    const parts = { pick, name, again, change, period: element("span", { class: "hint" }), chip: element("span", { class: "chip" }), extra: element("span", { class: "hint history-extra" }) };
    parts.figures = headline(job).map(([label]) => element("td", { class: "number figure", "data-label": label }));
    const when = element("time", { datetime: job.createdAt, title: job.createdAt }, job.createdAt ? WHEN.format(new Date(job.createdAt)) : "");
    this.#parts = parts;
    this.element = element(
      "tr",
      { "data-job": job.jobId },
      element("td", { class: "history-pick" }, pick),
      element("td", { class: "history-run" }, name, parts.period),
      element("td", { class: "history-status" }, parts.chip, parts.extra),
      element("td", { class: "history-when" }, when),
      ...parts.figures,
      element("td", { class: "history-actions" }, again, change),
    );
    this.show(job);
  }

  show(job) {
    this.job = job;
    const { pick, name, again, change, period, chip, extra, figures } = this.#parts;
    const called = title(job);
    this.element.dataset.status = job.status;
    name.textContent = called;
    period.textContent = job.startDate ? [job.kind === "sweep" && words.sweep, words.facts(job.startDate, job.endDate, money(job.initialCapital))].filter(Boolean).join(" · ") : "";
    chip.dataset.status = job.status;
    chip.textContent = job.status === "processing" ? `${phaseOf(job)} ${job.progress}%` : common.status[job.status];
    say(extra, job.status === "completed" ? "" : sentence(job));
    const isDone = job.status === "completed";
    for (const [at, [, value, tone]] of headline(job).entries()) {
      figures[at].textContent = isDone ? value : "";
      figures[at].className = `number figure ${isDone ? tone : ""}`;
    }
    pick.hidden = !(isDone && job.kind !== "sweep");
    again.hidden = !isFinal(job);
    pick.setAttribute("aria-label", words.pick(called));
    change.setAttribute("aria-label", words.named(words.change, called));
    again.setAttribute("aria-label", words.named(words.runAgain, called));
  }

  pick(is) {
    this.#parts.pick.checked = is;
  }
}
