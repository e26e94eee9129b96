/** What a run is judged by: the six figures that everyone looks for, then all others, each with what it means. */

import { element } from "../common/dom.js";
import { change, gain, percent, ratio, whole } from "../common/format.js";
import { words } from "../words/results.js";

const HEADLINE = { sharpeRatio: ratio, cagr: change, maxDrawdown: percent, winRate: percent, totalTrades: whole, profitFactor: ratio };
const GROUPS = {
  returns: { totalReturn: change, alpha: change, beta: ratio },
  risk: { volatility: percent, sortino: ratio, calmar: ratio, longestDrawdownBars: whole },
  trades: {
    expectancy: gain, averageWin: gain, averageLoss: gain, bestTrade: change, worstTrade: change,
    averageBarsHeld: ratio, sqn: ratio, openTrades: whole,
  },
  exposure: { exposure: percent, annualizationFactor: whole },
};
const FORMS = Object.assign({}, HEADLINE, ...Object.values(GROUPS));
/** Where more says nothing of better. */
const NEUTRAL = new Set(["totalTrades", "openTrades", "exposure", "annualizationFactor", "beta", "averageBarsHeld"]);

/** Where less is better. */
const LESS = new Set(["volatility", "longestDrawdownBars"]);
const signed = (count) => `${count > 0 ? "+" : ""}${whole(count)}`;
const FRACTIONS = new Set([change, percent]);

/** How far the second is from the first, and whether that is better: [text, "up" | "down" | ""]. Fractions in points. */
export function difference(name, first, second) {
  const by = second - first;
  if (!Number.isFinite(first) || !Number.isFinite(second)) return ["–", ""];
  const text = FRACTIONS.has(FORMS[name]) ? words.points(gain(by * 100)) : FORMS[name] === whole ? signed(by) : gain(by);
  if (by === 0 || isNeutral(name)) return [text, ""];
  return [text, by > 0 === !LESS.has(name) ? "up" : "down"];
}

/** Names of metrics in the order they are shown in, those that nobody here knows last. */
export function names(values) {
  return [...Object.keys(FORMS).filter((name) => name in values), ...unknown(values)];
}

export const label = (name) => words.metrics[name]?.[0] ?? name;
export const meaning = (name) => words.metrics[name]?.[1] ?? "";
export const isNeutral = (name) => NEUTRAL.has(name) || !(name in FORMS);
export const shown = (name, value) => (FORMS[name] ?? ratio)(value ?? NaN);

/** Why there is no value, or how far to trust it; empty when there is nothing to say. */
export function noteOf(name, value, notes) {
  if (notes?.[name]) return words.notes[notes[name]] ?? notes[name];
  return value === null || value === undefined ? words.undefinedMetric : "";
}

export function headline(values, notes) {
  const cells = Object.keys(HEADLINE).map((name) => {
    const note = noteOf(name, values[name], notes);
    const open = name === "totalTrades" && values.openTrades > 0 ? words.stillOpen(values.openTrades) : "";
    return element(
      "div",
      { class: "metric", "data-metric": name },
      element("dt", {}, label(name)),
      element("dd", { class: "value" }, shown(name, values[name])),
      element("dd", { class: note ? "hint note" : "hint" }, note || open || meaning(name)),
    );
  });
  return element("dl", { class: "metrics" }, ...cells);
}

export function allOthers(values, notes) {
  const groups = Object.entries(GROUPS).map(([group, forms]) => [group, Object.keys(forms).filter((name) => name in values)]);
  const more = unknown(values);
  if (more.length > 0) groups.push(["others", more]);
  const made = groups.map(([group, listed]) =>
    element(
      "section",
      { class: "figures" },
      element("h4", {}, words.groups[group]),
      element("dl", {}, ...listed.map((name) => row(name, values[name], notes))),
    ),
  );
  return element("div", { class: "figure-groups" }, ...made);
}

function row(name, value, notes) {
  const note = noteOf(name, value, notes);
  return element(
    "div",
    { "data-metric": name },
    element("dt", {}, label(name)),
    element("dd", { class: "value number" }, shown(name, value)),
    element("dd", { class: note ? "hint note" : "hint" }, note || meaning(name)),
  );
}

const unknown = (values) => Object.keys(values).filter((name) => !(name in FORMS));

/** Metrics of several parts beside each other: [[title, {metrics, metricNotes}], …]. */
export function beside(caption, parts) {
  const listed = [...Object.keys(HEADLINE), "totalReturn", "volatility", "sortino", "exposure"];
  const rows = listed.map((name) => {
    const cells = parts.map(([, { metrics, metricNotes }]) =>
      element("td", { class: "number", title: noteOf(name, metrics[name], metricNotes) || null }, shown(name, metrics[name])),
    );
    return element("tr", {}, element("th", { scope: "row", title: meaning(name) }, label(name)), ...cells);
  });
  const head = parts.map(([title]) => element("th", { scope: "col", class: "number" }, title));
  return element(
    "table",
    {},
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, words.metric), ...head)),
    element("tbody", {}, ...rows),
  );
}
