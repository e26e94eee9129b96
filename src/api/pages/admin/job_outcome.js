/** What a job left behind: its error in full, or its figures and what they must be read with. */

import { element } from "../common/dom.js";
import { change, percent, ratio, whole } from "../common/format.js";
import { warningOf } from "../common/known.js";
import { words } from "../words/admin_jobs.js";
import { words as common } from "../words/common.js";
import { words as results } from "../words/results.js";
import { copy } from "./job_args.js";

const FORMS = { sharpeRatio: ratio, cagr: change, maxDrawdown: percent, winRate: percent, totalTrades: whole, profitFactor: ratio };

/** null where there is no error. */
export function errorOf({ failure, status }) {
  if (!failure || status === "completed") return null;
  const { type, message, traceback } = failure;
  const full = traceback && element(
    "details",
    { class: "raw", open: status === "failed" },
    element("summary", {}, words.traceback),
    element("div", { class: "with-copy" }, copy(traceback, words.traceback), element("pre", { class: "code", tabindex: "0", "aria-label": words.traceback }, traceback)),
  );
  return element("div", { class: "job-error" }, element("p", {}, type ? element("b", {}, `${type}: `) : null, message ?? words.noMessage), full || null);
}

/** null where there is no result. */
export function resultOf({ status, metrics, metricNotes, warnings, coverage, links }) {
  if (status !== "completed") return null;
  const said = (warnings ?? []).map((warning) => element("li", {}, warningOf(warning)));
  const cells = Object.entries(FORMS).filter(([name]) => metrics && name in metrics).map(([name, form]) => {
    const note = metricNotes?.[name];
    return element("div", { class: "metric", title: note ? (results.notes[note] ?? note) : null }, element("dt", {}, results.metrics[name][0]), element("dd", { class: "value" }, form(metrics[name])));
  });
  const total = metrics && "totalReturn" in metrics ? [figure(results.totalReturn, metrics.totalReturn)] : [];
  return element(
    "div",
    { class: "job-result" },
    said.length > 0 ? element("ul", { class: "notice" }, ...said) : null,
    cells.length > 0 ? element("dl", { class: "job-metrics" }, ...total, ...cells) : element("p", { class: "hint" }, words.noFigures),
    coverage?.bars ? element("p", { class: "hint" }, results.coverage(whole(coverage.bars), common.bars[coverage.timeframe] ?? coverage.timeframe, coverage.dataStart, coverage.dataEnd)) : null,
    element("a", { class: "link", href: links.result, target: "_blank", rel: "noopener" }, words.resultAsJson),
  );
}

const figure = (label, value) =>
  element("div", { class: "metric" }, element("dt", {}, label), element("dd", { class: `value ${value > 0 ? "up" : value < 0 ? "down" : ""}` }, change(value)));
