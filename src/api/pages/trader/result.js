/** What a completed run left behind: what it rests on first, then the figures, the curves and the trades. */

import { button, element } from "../common/dom.js";
import { keepingFocus } from "../common/focus.js";
import { change, gain, money, whole } from "../common/format.js";
import { warningOf } from "../common/known.js";
import { to } from "../common/routes.js";
import { words as common } from "../words/common.js";
import { words } from "../words/results.js";
import { words as run } from "../words/run.js";
import { look, result } from "./calls.js";
import { facts } from "./facts.js";
import { allOthers, beside, headline } from "./metrics.js";
import { monthly } from "./monthly.js";
import { runChart, stretches, tradeAt } from "./run_chart.js";
import { Trades } from "./trades.js";

export class Result {
  element;
  #job;
  #title;
  #best;
  #isAlone;
  #loaded = false;

  /**
   * best: of a sweep, which of its runs that were kept in full; its overview when left out. isAlone: at an address of its
   * own, where the page has what can be done with it; else links lead there.
   */
  constructor(job, title, { best = null, isAlone = false } = {}) {
    this.#job = job;
    this.#title = title;
    this.#best = best;
    this.#isAlone = isAlone;
    this.element = element("section", { class: "result", tabindex: "-1", "aria-label": words.resultOf(title) });
  }

  /** Results never change: one that is there is not asked for again. */
  async load() {
    if (this.#loaded) return;
    this.#loaded = true;
    this.element.setAttribute("aria-busy", true);
    keepingFocus(() => this.element.replaceChildren(element("p", { class: "empty" }, words.loadingResult)), () => this.element);
    try {
      const { jobId } = this.#job;
      const [found, job] = await Promise.all([result(jobId, { best: this.#best }), this.#asked()]);
      const parts = await this.#parts(found, job);
      this.element.replaceChildren(...(this.#isAlone ? [] : [ways(job)]), ...parts);
    } catch (refusal) {
      this.#loaded = false;
      const again = button(common.tryAgain, () => this.load(), { class: "quiet" });
      const why = element("p", { class: "notice", role: "alert" }, words.resultLost(refusal.message));
      this.element.replaceChildren(why, ...(refusal.status === 410 ? [] : [again]));
    }
    this.element.setAttribute("aria-busy", false);
  }

  /** What was asked for is told of one job alone, not in lists and events. */
  async #asked() {
    return this.#job.request ? this.#job : (await look(this.#job.jobId)).data;
  }

  async #parts(found, job) {
    if (!found.sweep) return runParts(found, job, this.#title, this.#best);
    const { sweepParts } = await import("./sweep.js");
    return sweepParts(found, job, this.#title);
  }
}

function ways({ jobId, kind }) {
  const link = (text, href) => element("a", { class: "quiet", href }, text);
  return element(
    "p",
    { class: "links" },
    link(run.openAddress, to("runs", jobId)),
    kind === "sweep" ? null : link(run.compare, to("compare", jobId)),
    link(run.change, to("", { copy: jobId })),
  );
}

function runParts(found, job, title, best) {
  const spans = stretches(found.trades.items);
  const chart = runChart(found, title, (time) => trades.mark(time === null ? null : tradeAt(spans, time)));
  const trades = new Trades({ jobId: job.jobId, best }, found.trades, ({ entryTime, exitTime }) =>
    chart.show(Date.parse(entryTime), exitTime ? Date.parse(exitTime) : found.equity.points.at(-1)[0]),
  );
  return [
    element("h3", { class: "unseen" }, words.resultOf(title)),
    ...warnings(found),
    element("div", { class: "verdict" }, summary(found), headline(found.metrics, found.metricNotes ?? {})),
    chart,
    allOthers(found.metrics, found.metricNotes ?? {}),
    ...split(found.outOfSample),
    ...(found.monthly?.length > 0 ? [monthly(found.monthly)] : []),
    trades.element,
    facts(job, found),
  ];
}

export function warnings({ warnings: said = [] }) {
  if (said.length === 0) return [];
  const items = said.map((warning) => element("li", {}, warningOf(warning)));
  return [element("ul", { class: "notice warnings" }, ...items)];
}

function summary({ finalEquity, initialCapital, coverage, benchmark }) {
  const earned = finalEquity / initialCapital - 1;
  const ahead = benchmark && words.points(gain((earned - benchmark.totalReturn) * 100));
  const tone = earned > 0 ? "up" : earned < 0 ? "down" : "";
  return element(
    "div",
    { class: "summary" },
    element("p", { class: "label" }, words.finalEquity),
    element("p", { class: "final" }, money(finalEquity), " ", element("span", { class: tone }, change(earned))),
    benchmark && element("p", {}, words.besideBenchmark(benchmark.symbol, change(benchmark.totalReturn), ahead)),
    element("p", { class: "hint" }, basis(coverage)),
  );
}

export function basis({ bars, timeframe, dataStart, dataEnd, closeOnly, adjusted, source }) {
  const said = [
    words.coverage(whole(bars), common.bars[timeframe] ?? timeframe, dataStart, dataEnd),
    closeOnly && common.closesOnly,
    adjusted && common.adjusted,
  ];
  return `${said.filter(Boolean).join(", ")}. ${source ? words.source(source) : ""}`;
}

function split(parts) {
  if (!parts) return [];
  const table = beside(words.split(parts.from), [
    [words.inSample(parts.from), parts.inSample],
    [words.outOfSample(parts.from), parts.outOfSample],
  ]);
  const title = words.split(parts.from);
  const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, table);
  const hint = element("p", { class: "hint" }, words.splitHint);
  return [element("section", { class: "part split" }, element("h4", {}, title), hint, scroll)];
}
