/** Two results beside each other: what was asked differently, both curves from 100, and every metric with its difference. */

import { element } from "../common/dom.js";
import { moment, percent, ratio } from "../common/format.js";
import { words } from "../words/compare.js";
import { words as results } from "../words/results.js";
import { Chart } from "./chart.js";
import { listed } from "./facts.js";
import { difference, label, meaning, names, noteOf, shown } from "./metrics.js";
import { Course, union } from "./timeline.js";

/** sides: two of {job, found, letter, name}. */
export function comparison(sides) {
  return [...doubts(sides), differences(sides), chart(sides), outcomes(sides)];
}

function doubts([a, b]) {
  const said = [];
  const [first, second] = [a.found.coverage, b.found.coverage];
  const of = ({ symbol, timeframe }) => `${symbol} ${timeframe}`;
  const days = ({ dataStart, dataEnd }) => `${dataStart} – ${dataEnd}`;
  if (of(first) !== of(second)) said.push(words.otherSymbols(of(first), of(second)));
  else if (first.version !== second.version) said.push(words.otherVersions);
  if (days(first) !== days(second)) said.push(words.otherRanges(days(first), days(second)));
  if (a.found.resultHash === b.found.resultHash) said.push(words.sameOutcome);
  if (said.length === 0) return [];
  return [element("ul", { class: "notice warnings" }, ...said.map((sentence) => element("li", {}, sentence)))];
}

function differences([a, b]) {
  const [first, second] = [a, b].map(({ job, found }) => new Map(listed(job, found)));
  const other = [...new Set([...first.keys(), ...second.keys()])].filter((name) => first.get(name) !== second.get(name));
  const rows = other.map((name) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, name),
      ...[first, second].map((side) => element("td", {}, side.get(name) ?? words.none)),
    ),
  );
  const body =
    rows.length === 0
      ? element("p", {}, words.nothingDiffers)
      : scrolled(words.differs, [words.fact, a.name, b.name], rows, { class: "differences" });
  return element("section", { class: "part" }, element("h3", {}, words.differs), body);
}

function outcomes([a, b]) {
  const [first, second] = [a.found, b.found];
  const rows = names({ ...first.metrics, ...second.metrics }).map((name) => {
    const [by, tone] = difference(name, first.metrics[name], second.metrics[name]);
    return element(
      "tr",
      { "data-metric": name },
      element("th", { scope: "row", title: meaning(name) || null }, label(name)),
      ...[first, second].map(({ metrics, metricNotes }) =>
        element("td", { class: "number", title: noteOf(name, metrics[name], metricNotes) || null }, shown(name, metrics[name])),
      ),
      element("td", { class: `number ${tone}` }, by),
    );
  });
  const table = scrolled(words.outcome, [results.metric, a.letter, b.letter, words.difference], rows, { areNumbers: true });
  return element("section", { class: "part" }, element("h3", {}, words.outcome), table);
}

function scrolled(name, heads, rows, { class: classes = null, areNumbers = false }) {
  const head = heads.map((text, index) => element("th", { scope: "col", class: areNumbers && index > 0 ? "number" : null }, text));
  const table = element("table", { class: classes }, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name }, table);
}

function chart([a, b]) {
  const title = words.chartOf(a.name, b.name);
  return new Chart(title, async () => subject([a, b]));
}

const COLOURS = ["--accent", "--warn-mark"];
const MARKS = ["first", "second"];

function subject(sides) {
  const curves = sides.map(({ name, found }) => ({
    name,
    equity: new Course(found.equity.points.map(([time, value]) => [time, (value / found.initialCapital) * 100])),
    fall: new Course(found.drawdown.points),
  }));
  const line = (course, index, format) => ({
    kind: "line",
    colours: { color: COLOURS[index] },
    dashed: index > 0,
    points: course.pairs.map(([time, value]) => ({ time, value })),
    format,
  });
  return {
    times: union(...curves.map(({ equity }) => equity.times)),
    panes: [
      { title: words.rebased, weight: 5, lines: curves.map(({ equity }, index) => line(equity, index, ratio)) },
      { title: results.drawdown, weight: 2, lines: curves.map(({ fall }, index) => line(fall, index, (value) => percent(value))) },
    ],
    legend: curves.map(({ name }, index) => ({ label: name, mark: MARKS[index] })),
    say: (time) => words.reading(moment(time), curves.flatMap((curve) => part(curve, time))),
  };
}

function part({ name, equity, fall }, time) {
  const value = equity.at(time);
  return value === undefined ? [] : [words.part(name, ratio(value), percent(fall.at(time)))];
}
