/** A sweep's grid: the values that each parameter takes, how many combinations that makes, and whether it is too many. */

import { element, find, say } from "../common/dom.js";
import { whole } from "../common/format.js";
import { labelOf, range } from "./parameters.js";
import { words } from "../words/desk.js";
import { words as results } from "../words/results.js";

const RANKED = ["sharpeRatio", "cagr", "maxDrawdown", "winRate", "profitFactor", "totalReturn"];
/** As the server refuses: a grid, or what a condition picks from. */
export const MOST_COMBINATIONS = 100_000;
export const MOST_SPANNED = 1_000_000;
const MOST_AXES = 8;
/** About so many values an axis has to begin with: two of them fill a heat map one can read. */
const FIRST_STEPS = 7;

export class Grid {
  #place = find("grid");
  #declared = {};

  constructor() {
    const named = (metric) => (metric === "totalReturn" ? results.totalReturn : results.metrics[metric][0]);
    find("rank-by").replaceChildren(...RANKED.map((metric) => new Option(named(metric), metric)));
    for (const name of ["input", "change"]) {
      for (const place of [this.#place, find("where")]) place.addEventListener(name, () => this.#say());
    }
  }

  /** labels: by name, beside which the names stay: conditions are written with them. */
  show(declared, labels = {}) {
    this.#declared = declared;
    this.#place.replaceChildren(...Object.entries(declared).map(([name, facts]) => drawn(name, facts, labels[name] && `${labels[name]} (${name})`)));
    const names = Object.keys(declared);
    find("where").placeholder = words.forExample(names.length > 1 ? `${names[0]} < ${names[1]}` : `${names[0] ?? "n"} > 5`);
    find("where").value = "fast" in declared && "slow" in declared ? "fast < slow" : "";
    this.#say();
  }

  /** grid, fixed: axes and single values by name, as they were asked for once. */
  set({ grid, fixed, where }) {
    for (const [name, { default: initial }] of Object.entries(this.#declared)) write(name, grid[name] ?? [fixed[name] ?? initial]);
    find("where").value = where ?? "";
    this.#say();
  }

  /** Where a wrong axis is said: the field of its first value. */
  field(name) {
    return name in this.#declared ? find(idOf(name)) : null;
  }

  /** {grid, fixed}: axes, and the parameters that have one value throughout. A condition may only speak of axes. */
  chosen() {
    const [grid, fixed] = [{}, {}];
    const spokenOf = new Set(find("where").value.match(/\w+/g));
    for (const name of Object.keys(this.#declared)) {
      const axis = read(name);
      if (countOf(axis) !== 1) grid[name] = axis;
      else if (spokenOf.has(name)) grid[name] = [first(axis)];
      else fixed[name] = first(axis);
    }
    return { grid, fixed };
  }

  /** What is wrong here already, without asking: [{field, message}]. */
  wrong() {
    const names = Object.keys(this.#declared);
    const bad = names
      .filter((name) => Number.isNaN(countOf(read(name))))
      .map((name) => ({ field: this.field(name), message: words.notAnAxis }));
    if (bad.length > 0) return bad;
    if (names.length === 0) return [{ field: find("where"), message: words.nothingToSweep }];
    const varied = names.filter((name) => countOf(read(name)) > 1);
    const at = (name, message) => [{ field: this.field(name), message }];
    if (varied.length === 0) return at(names[0], words.noAxis);
    if (Object.keys(this.chosen().grid).length > MOST_AXES) return at(varied[0], words.tooManyAxes(MOST_AXES));
    return this.#isTooMany ? at(varied[0], this.#tooMany) : [];
  }

  get #count() {
    return Object.keys(this.#declared).reduce((product, name) => product * countOf(read(name)), 1);
  }

  get #limit() {
    return find("where").value.trim() ? MOST_SPANNED : MOST_COMBINATIONS;
  }

  get #isTooMany() {
    return this.#count > this.#limit;
  }

  get #tooMany() {
    return words.tooManyCombinations(whole(this.#count), whole(this.#limit));
  }

  #say() {
    const count = this.#count;
    const place = find("combinations");
    place.classList.toggle("error", this.#isTooMany);
    if (Number.isNaN(count)) say(place, words.notAnAxis);
    else if (this.#isTooMany) say(place, this.#tooMany);
    else say(place, (find("where").value.trim() ? words.spanned : words.spans)(whole(count), whole(MOST_COMBINATIONS)));
    for (const name of Object.keys(this.#declared)) {
      const values = countOf(read(name));
      say(find(`${idOf(name)}-count`), Number.isNaN(values) ? "–" : words.values(whole(values), values));
    }
  }
}

/** An axis as it is asked for: {from, to, step}, or a list of numbers; NaN in it where something is none. */
function read(name) {
  if (find(`${idOf(name)}-kind`).value === "list") {
    return find(`${idOf(name)}-list`).value.split(/[\s,;]+/).filter(Boolean).map(Number);
  }
  const [from, to, step] = ["", "-to", "-step"].map((part) => find(`${idOf(name)}${part}`).valueAsNumber);
  return { from, to, step };
}

function write(name, axis) {
  const id = idOf(name);
  const isList = Array.isArray(axis) && axis.length > 1;
  find(`${id}-kind`).value = isList ? "list" : "range";
  find(`${id}-list`).value = isList ? axis.join(", ") : "";
  if (!isList) {
    const { from, to, step = 1 } = Array.isArray(axis) ? { from: axis[0], to: axis[0] } : axis;
    for (const [part, value] of [["", from], ["-to", to], ["-step", step]]) find(`${id}${part}`).value = value;
  }
  arrange(id);
}

/** How many values; NaN when it is no axis. The last step may be short by rounding alone. */
function countOf(axis) {
  if (Array.isArray(axis)) return axis.length > 0 && axis.every(Number.isFinite) ? axis.length : NaN;
  const { from, to, step } = axis;
  if (from === to) return 1;
  return step > 0 && to > from ? Math.floor((to - from) / step + 1e-9) + 1 : NaN;
}

const first = (axis) => (Array.isArray(axis) ? axis[0] : axis.from);
const idOf = (name) => `axis-${name}`;

function drawn(name, facts, label = labelOf(name)) {
  const id = idOf(name);
  const { from, to, step } = begin(facts);
  const isWhole = facts.type === "int";
  const field = (part, value, of) =>
    element("input", {
      id: `${id}${part}`, type: "number", value, step: isWhole ? 1 : "any", inputmode: isWhole ? "numeric" : "decimal",
      "aria-label": words.axis(label, of), "aria-describedby": `${id}-hint ${id}-error`,
    });
  const kind = element("select", { id: `${id}-kind`, class: "small", "aria-label": words.axisKind(label) });
  kind.append(new Option(words.asRange, "range"), new Option(words.asList, "list"));
  kind.addEventListener("change", () => arrange(id));
  const list = element("input", { id: `${id}-list`, type: "text", hidden: true, placeholder: "5, 10, 20", "aria-label": words.axis(label, words.asList) });
  return element(
    "fieldset",
    { class: "axis" },
    element("legend", {}, label),
    element("span", { class: "hint", id: `${id}-count` }),
    kind,
    element("div", { class: "axis-range", id: `${id}-range` }, field("", from, words.from), field("-to", to, words.to), field("-step", step, words.step)),
    list,
    element("p", { class: "hint", id: `${id}-hint` }, words.axisHint(range(facts))),
    element("p", { class: "error", id: `${id}-error`, hidden: true }),
  );
}

function arrange(id) {
  const isList = find(`${id}-kind`).value === "list";
  find(`${id}-range`).hidden = isList;
  find(`${id}-list`).hidden = !isList;
}

/** From half of the strategy's own value to twice of it, in steps one would write down oneself. */
function begin({ type, default: initial, min, max }) {
  const [low, high] = [min ?? -Infinity, max ?? Infinity];
  const span = initial === 0 ? Math.min(high - low, 100) / 10 : Math.abs(initial);
  const wanted = (1.5 * span) / FIRST_STEPS;
  const size = 10 ** Math.floor(Math.log10(wanted));
  const nice = [1, 2, 5, 10].map((one) => one * size).find((one) => one >= wanted * 0.8) ?? wanted;
  const step = type === "int" ? Math.max(1, Math.round(nice)) : Number(nice.toPrecision(3));
  const fit = (value) => Number(Math.min(high, Math.max(low, Math.round(value / step) * step)).toPrecision(10));
  return { from: fit(initial - span / 2), to: fit(initial + span), step };
}
