/** What a completed run left behind: what it rests on first, then the figures, the curve and the trades. */

import { result } from "./calls.js";
import { Chart } from "./chart.js";
import { element } from "../common/dom.js";
import { change, money, percent, ratio, whole } from "../common/format.js";
import { words as common } from "../words/common.js";
import { words } from "../words/results.js";
import { Trades } from "./trades.js";

const FORMS = {
  sharpeRatio: ratio,
  cagr: change,
  maxDrawdown: percent,
  winRate: percent,
  totalTrades: whole,
  profitFactor: ratio,
};

export class Result {
  element;
  #job;
  #title;
  #loaded = false;

  constructor(job, title) {
    this.#job = job;
    this.#title = title;
    this.element = element("section", { class: "result", "aria-label": words.resultOf(title) });
  }

  /** Results never change: one that is there is not asked for again. */
  async load() {
    if (this.#loaded) return;
    this.#loaded = true;
    this.element.setAttribute("aria-busy", true);
    this.element.replaceChildren(element("p", { class: "empty" }, words.loadingResult));
    try {
      this.#show(await result(this.#job.jobId));
    } catch (refusal) {
      this.#loaded = false;
      this.element.replaceChildren(element("p", { class: "notice", role: "alert" }, words.resultLost(refusal.message)));
    }
    this.element.setAttribute("aria-busy", false);
  }

  #show(found) {
    const chart = new Chart(found, this.#title);
    this.element.replaceChildren(
      ...warnings(found.warnings ?? []),
      summary(found),
      metrics(found.metrics, found.metricNotes ?? {}),
      chart.element,
      new Trades(this.#job.jobId, found.trades).element,
    );
    chart.draw();
  }
}

function warnings(said) {
  if (said.length === 0) return [];
  const items = said.map(({ message }) => element("li", {}, message));
  return [element("ul", { class: "notice warnings" }, ...items)];
}

function summary({ finalEquity, initialCapital, coverage }) {
  const earned = finalEquity / initialCapital - 1;
  const tone = earned > 0 ? "up" : earned < 0 ? "down" : "";
  return element(
    "div",
    { class: "summary" },
    element("p", { class: "label" }, words.finalEquity),
    element("p", { class: "final" }, money(finalEquity), " ", element("span", { class: tone }, change(earned))),
    element("p", { class: "hint" }, basis(coverage)),
  );
}

function basis({ bars, timeframe, dataStart, dataEnd, closeOnly, adjusted, source }) {
  const facts = [
    words.coverage(whole(bars), timeframe, dataStart, dataEnd),
    closeOnly && common.closesOnly,
    adjusted && common.adjusted,
  ];
  return `${facts.filter(Boolean).join(", ")}. ${source ? words.source(source) : ""}`;
}

function metrics(values, notes) {
  const cells = Object.entries(FORMS).map(([name, form]) => {
    const [label, meaning] = words.metrics[name];
    const value = values[name];
    const missing = value === null || value === undefined;
    const note = notes[name] ? words.notes[notes[name]] ?? notes[name] : missing ? words.undefinedMetric : "";
    const open = name === "totalTrades" && values.openTrades > 0 ? words.stillOpen(values.openTrades) : "";
    return element(
      "div",
      { class: "metric", title: meaning, "data-metric": name },
      element("dt", {}, label),
      element("dd", { class: "value" }, missing ? "–" : form(value)),
      element("dd", { class: note ? "hint note" : "hint" }, note || open || meaning),
    );
  });
  return element("dl", { class: "metrics" }, ...cells);
}
