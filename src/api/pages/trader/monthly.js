/** Returns by month: a row a year, warmer or colder by how far from zero, each number to be read. */

import { element } from "../common/dom.js";
import { change } from "../common/format.js";
import { language } from "../common/language.js";
import { words } from "../words/results.js";

/** What counts as far from zero, for one of the four steps of a colour. */
const STEPS = [0.005, 0.02, 0.05, 0.1];

/** −4 … 4: how far from zero, of the extent that is asked for by its steps. */
export function step(value, steps = STEPS) {
  const size = steps.filter((least) => Math.abs(value) >= least).length;
  return value < 0 ? -size : size;
}

/** months: [{year, month, value}], ascending. */
export function monthly(months) {
  const years = new Map();
  for (const { year, month, value } of months) {
    if (!years.has(year)) years.set(year, Array(12).fill(null));
    years.get(year)[month - 1] = value;
  }
  const names = Array.from({ length: 12 }, (_, month) =>
    new Date(Date.UTC(2001, month, 1)).toLocaleDateString(language, { month: "short", timeZone: "UTC" }),
  );
  const head = [...names, words.year].map((name) => element("th", { scope: "col", class: "number" }, name));
  const table = element(
    "table",
    { class: "months" },
    element("caption", { class: "unseen" }, words.monthly),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, element("span", { class: "unseen" }, words.year)), ...head)),
    element("tbody", {}, ...[...years].map(([year, values]) => row(year, values))),
  );
  return element(
    "section",
    { class: "part" },
    element("h4", {}, words.monthly),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": words.monthly }, table),
  );
}

function row(year, values) {
  const whole = values.reduce((product, value) => product * (1 + (value ?? 0)), 1) - 1;
  const cells = values.map((value) => (value === null ? element("td", {}) : cell(value)));
  const total = element("td", { class: "number total", "data-step": step(whole, STEPS.map((each) => each * 3)) }, change(whole, 1));
  return element("tr", {}, element("th", { scope: "row" }, year), ...cells, total);
}

const cell = (value) => element("td", { class: "number", "data-step": step(value) }, change(value, 1));
