/** A strategy's definition as fields: its name, parameters, names, rules, stops and size. */

import { button, element, say } from "../common/dom.js";
import { words } from "../words/strategies.js";
import { SizingField, StopField } from "./exits_fields.js";
import { JsonField } from "./json_field.js";
import { ParameterRow } from "./rows.js";
import { RuleField } from "./rule_field.js";

const RULES = ["entryLong", "exitLong", "entryShort", "exitShort"];
const STOPS = ["loss", "profit", "trailing"];

export const EMPTY = {
  version: 1,
  name: "",
  params: { length: { type: "int", default: 50, min: 2, max: 400 } },
  let: {},
  entryLong: "close > sma(close, length)",
  exitLong: "close < sma(close, length)",
  entryShort: null,
  exitShort: null,
  stops: null,
  sizing: { mode: "percent", value: 1 },
};

export class StrategyEditor {
  element;
  #onChange;
  #candidates;
  #focused = null;
  #parameters = [];
  #lets = [];
  #name = element("input", { id: "strategy-name", type: "text", maxlength: 100, "aria-describedby": "strategy-name-error" });
  #nameError = element("p", { class: "error", id: "strategy-name-error", hidden: true });
  #parameterList = element("div", { class: "rows" });
  #columns = element("div", { class: "parameter-row columns", "aria-hidden": "true" },
    ...[words.name, words.type, words.initial, words.least, words.most].map((label) => element("span", { class: "hint" }, label)));
  #letList = element("div", { class: "rows" });
  #rules;
  #stops;
  #sizing;
  #add = button(words.addParameter, () => this.#grow("parameter"), { class: "quiet" });
  #addLet = button(words.addName, () => this.#grow("let"), { class: "quiet" });
  #version = 1;
  #json = new JsonField({
    read: () => this.definition(),
    take: (definition) => {
      this.show(definition, { isReadOnly: false });
      this.#onChange();
    },
  });

  /** onChange(): something was typed. candidates(): what rules may say, to be offered while one types. */
  constructor(onChange, candidates) {
    this.#onChange = onChange;
    this.#candidates = candidates;
    this.#rules = Object.fromEntries(RULES.map((rule) => [rule, this.#rule(words.rules[rule], words.ruleHints[rule])]));
    this.#stops = Object.fromEntries(STOPS.map((stop) => [stop, new StopField(stop, onChange)]));
    this.#sizing = new SizingField(onChange);
    this.#name.addEventListener("input", onChange);
    this.element = element(
      "div",
      { class: "editor" },
      element("div", { class: "field" }, element("label", { for: "strategy-name" }, words.name), this.#name, this.#nameError),
      part(words.rulesTitle, words.rulesHint, ...Object.values(this.#rules).map((field) => field.element)),
      part(words.parametersTitle, words.parametersHint, this.#columns, this.#parameterList, this.#add),
      part(words.namesTitle, words.namesHint, this.#letList, this.#addLet),
      part(words.exitsTitle, words.exitsHint, element("div", { class: "choices" },
        ...Object.values(this.#stops).map((field) => field.element), this.#sizing.element)),
      this.#json.element,
    );
  }

  show(definition, { isReadOnly }) {
    this.#version = definition.version ?? 1;
    this.#name.value = definition.name ?? "";
    this.#parameters = Object.entries(definition.params ?? {}).map(([name, facts]) => this.#parameter(name, facts));
    this.#parameterList.replaceChildren(...this.#parameters.map((row) => row.element));
    this.#lets = Object.entries(definition.let ?? {}).map(([name, rule]) => this.#let(name, rule));
    this.#letList.replaceChildren(...this.#lets.map((row) => row.element));
    for (const rule of RULES) this.#rules[rule].value = definition[rule] ?? "";
    for (const stop of STOPS) this.#stops[stop].value = definition.stops?.[stop] ?? null;
    this.#sizing.value = definition.sizing;
    this.refuse([]);
    this.#freeze(isReadOnly);
  }

  /** What the fields come to, right or wrong. */
  definition() {
    const stops = Object.fromEntries(STOPS.map((stop) => [stop, this.#stops[stop].value]));
    return {
      version: this.#version,
      name: this.#name.value.trim(),
      params: Object.fromEntries(this.#parameters.map((row) => [row.name, row.facts()])),
      let: Object.fromEntries(this.#lets.map((row) => [row.name, row.field.value.trim()])),
      ...Object.fromEntries(RULES.map((rule) => [rule, this.#rules[rule].value.trim() || null])),
      stops: Object.values(stops).some(Boolean) ? stops : null,
      sizing: this.#sizing.value,
    };
  }

  /** Says each detail at its field; answers with those that have none here. */
  refuse(details) {
    const said = new Map();
    const unplaced = details.filter((detail) => {
      const field = this.#fieldOf(detail.path);
      if (field && !said.has(field)) said.set(field, detail);
      return !field;
    });
    for (const field of this.#fields()) field.refuse(said.get(field) ?? null);
    const naming = details.find(({ path }) => path === "name");
    if (naming) this.#name.setAttribute("aria-invalid", true);
    else this.#name.removeAttribute("aria-invalid");
    say(this.#nameError, naming?.message ?? "");
    return unplaced.filter(({ path }) => path !== "name");
  }

  focusWrong() {
    this.element.querySelector("[aria-invalid]")?.focus();
  }

  focus() {
    this.#name.focus();
  }

  /** Where the caret last was; else the first rule. */
  insert(text) {
    (this.#focused ?? this.#rules.entryLong).insert(text);
  }

  #fields() {
    const lets = this.#lets.map((row) => row.field);
    return [...Object.values(this.#rules), ...lets, ...this.#parameters, ...Object.values(this.#stops), this.#sizing];
  }

  #fieldOf(path) {
    const [member, name] = path.split(".");
    if (member in this.#rules) return this.#rules[member];
    if (member === "sizing") return this.#sizing;
    if (member === "stops") return this.#stops[name] ?? this.#stops.loss;
    if (member === "params") return this.#parameters.find((row) => row.name === name) ?? this.#parameters[0];
    if (member === "let") return (this.#lets.find((row) => row.name === name) ?? this.#lets[0])?.field;
    return undefined;
  }

  #names() {
    return new Set([...this.#parameters, ...this.#lets].map((row) => row.name));
  }

  #rule(label, hint, isLabelHidden = false) {
    return new RuleField({
      label,
      hint,
      isLabelHidden,
      onInput: this.#onChange,
      onFocus: (field) => (this.#focused = field),
      names: () => this.#names(),
      candidates: this.#candidates,
    });
  }

  #parameter(name, facts) {
    const row = new ParameterRow(name, facts, {
      onInput: () => this.#repaint(),
      onRemove: () => {
        this.#parameters = this.#parameters.filter((other) => other !== row);
        row.element.remove();
        this.#repaint();
        this.#onChange();
        this.#add.focus();
      },
    });
    row.element.addEventListener("input", this.#onChange);
    return row;
  }

  #let(name, rule) {
    const field = this.#rule(words.nameMeans, null, true);
    field.value = rule;
    const input = element("input", { type: "text", value: name, maxlength: 32, "aria-label": words.letName, spellcheck: "false", autocapitalize: "off" });
    input.addEventListener("input", () => {
      this.#repaint();
      this.#onChange();
    });
    const row = {
      field,
      get name() {
        return input.value.trim();
      },
      focus: () => input.focus(),
    };
    const remove = button("×", () => {
      this.#lets = this.#lets.filter((other) => other !== row);
      row.element.remove();
      this.#onChange();
      this.#addLet.focus();
    }, { class: "quiet row-remove", "aria-label": words.removeName });
    row.element = element("div", { class: "let-row" }, input, field.element, remove);
    return row;
  }

  #grow(kind) {
    const names = this.#names();
    const free = (stem) => {
      let n = 1;
      while (names.has(`${stem}${n}`)) n += 1;
      return `${stem}${n}`;
    };
    const row = kind === "let"
      ? this.#let(free("name"), "close")
      : this.#parameter(free("n"), { type: "int", default: 20, min: 2, max: 200 });
    (kind === "let" ? this.#lets : this.#parameters).push(row);
    (kind === "let" ? this.#letList : this.#parameterList).append(row.element);
    row.focus();
    this.#onChange();
  }

  #repaint() {
    for (const field of [...Object.values(this.#rules), ...this.#lets.map((row) => row.field)]) field.paint();
  }

  #freeze(is) {
    this.element.classList.toggle("is-frozen", is);
    for (const input of this.element.querySelectorAll("input, textarea:not(.json)")) input.readOnly = is;
    for (const choice of this.element.querySelectorAll("select")) choice.disabled = is;
    this.#json.freeze(is);
    for (const act of [this.#add, this.#addLet, ...this.element.querySelectorAll(".row-remove")]) act.hidden = is;
  }
}

function part(title, hint, ...inside) {
  return element("section", { class: "editor-part" }, element("h3", {}, title), element("p", { class: "hint" }, hint), ...inside);
}
