/** What was run: the strategy and its parameters, the range, the costs, and the mark by which equal runs are known. */

import { button, element } from "../common/dom.js";
import { money, percent, whole } from "../common/format.js";
import { labelsOf, strategyOf } from "../common/known.js";
import { words as common } from "../words/common.js";
import { words } from "../words/results.js";

const LONGEST_SHOWN = 12;

/** Name and value of all that tells runs apart, of a job that was asked for alone. Both are text. */
export function listed(job, found = {}) {
  const { params = {}, ...beside } = job.request ?? {};
  const asked = { ...params, ...beside };
  // Of a sweep's own values only those that it did not vary; of one of its runs, those that it had.
  const kept = Object.entries(job.parameters ?? {}).filter(([name]) => !(name in (asked.grid ?? {})));
  const labels = labelsOf(job.strategyId);
  const rows = [
    [words.facts.strategy, strategyOf(job) ?? "–"],
    ...[...kept, ...Object.entries(found.params ?? {})].map(([name, value]) => [words.facts.parameter(name, labels[name]), String(value)]),
    [words.facts.symbol, [job.symbol, common.bars[job.timeframe] ?? job.timeframe].filter(Boolean).join(", ")],
    [words.facts.range, `${job.startDate ?? "–"} – ${job.endDate ?? "–"}`],
    [words.facts.capital, money(job.initialCapital)],
    ...costs(asked.costs ?? {}),
    asked.benchmark && [words.facts.benchmark, asked.benchmark],
    asked.outOfSampleFrom && [words.facts.outOfSampleFrom, asked.outOfSampleFrom],
    asked.riskFreeRate > 0 && [words.facts.riskFreeRate, percent(asked.riskFreeRate)],
    asked.lot > 0 && [words.facts.lot, String(asked.lot)],
    asked.closeAtEnd && [words.facts.closeAtEnd, words.yes],
    asked.where && [words.facts.where, asked.where],
    asked.grid && [words.facts.grid, Object.entries(asked.grid).map(axis).join("; ")],
  ];
  return rows.filter(Boolean);
}

function costs({ commission = 0, slippage = 0, fixed = 0, minimum = 0, perUnit = 0 }) {
  const found = [
    commission > 0 && [words.facts.commission, percent(commission)],
    slippage > 0 && [words.facts.slippage, percent(slippage)],
    fixed > 0 && [words.facts.fixed, money(fixed)],
    minimum > 0 && [words.facts.minimum, money(minimum)],
    perUnit > 0 && [words.facts.perUnit, money(perUnit)],
  ].filter(Boolean);
  return found.length > 0 ? found : [[words.facts.costs, words.facts.none]];
}

const axis = ([name, values]) =>
  Array.isArray(values) ? `${name}: ${values.join(", ")}` : `${name}: ${values.from}–${values.to}, ${words.facts.step(values.step ?? 1)}`;

export function facts(job, found) {
  const { coverage, resultHash } = found;
  const rows = listed(job, found).map(([name, value]) => fact(name, value));
  rows.push(fact(words.facts.prices, words.priceVersion(coverage.source, whole(coverage.version))));
  if (resultHash) rows.push(fact(words.facts.hash, hash(resultHash)));
  rows.push(fact(words.facts.run, element("span", { class: "code" }, job.jobId)));
  return element("section", { class: "part" }, element("h4", {}, words.whatWasRun), element("dl", { class: "facts asked" }, ...rows));
}

/** dt and dd are kept together, so that columns break between facts. */
const fact = (name, value) => element("div", {}, element("dt", {}, name), element("dd", {}, value));

function hash(text) {
  const shown = element("span", { class: "code", title: text }, text.slice(0, LONGEST_SHOWN));
  return element("span", {}, shown, " ", copies(words.copyHash, () => text));
}

/** A button that puts a text on the clipboard and says so. */
export function copies(label, text, classes = "link") {
  const made = button(label, async () => {
    try {
      await navigator.clipboard.writeText(text());
      made.textContent = common.copied;
    } catch {
      // No clipboard outside of https: the text is shown to be taken by hand.
      window.prompt(label, text());
    }
    setTimeout(() => (made.textContent = label), 2000);
  }, { class: classes });
  return made;
}
