/** Stops and sizing as fields. Their numbers may be names of parameters. */

import { element, say } from "../common/dom.js";
import { words } from "../words/strategies.js";
import { numberOr } from "./rows.js";

const UNITS = ["pct", "price", "atr"];
const MODES = ["percent", "cash", "units", "risk"];
const FIRST = { pct: 0.08, price: 5, atr: 3, percent: 1, cash: 10000, units: 100, risk: 0.01 };
const FIRST_LENGTH = 14;

let fields = 0;

/** A choice with a value beside it; of some choices a second one. */
class Choice {
  element;
  #id = `choice-${(fields += 1)}`;
  #select = element("select", { id: this.#id });
  #value = element("input", { type: "text", inputmode: "decimal", "aria-label": words.value });
  #length = element("input", { type: "text", inputmode: "numeric", "aria-label": words.atrLength });
  #hint = element("p", { class: "hint" });
  #error = element("p", { class: "error", hidden: true });

  constructor(label, options, onInput) {
    this.#select.append(...options.map(([value, text]) => new Option(text, value)));
    this.#select.addEventListener("change", () => {
      this.#value.value = FIRST[this.#select.value] ?? "";
      this.#length.value = FIRST_LENGTH;
      this.#arrange();
    });
    this.element = element(
      "div",
      { class: "field choice" },
      element("label", { for: this.#id }, label),
      element("div", { class: "choice-row" }, this.#select, this.#value, this.#length),
      this.#hint,
      this.#error,
    );
    this.element.addEventListener("input", onInput);
  }

  show(kind, value, length) {
    this.#select.value = kind;
    this.#value.value = value ?? "";
    this.#length.value = length ?? FIRST_LENGTH;
    this.#arrange();
    this.refuse(null);
  }

  /** [kind, value, length] as they are chosen. */
  chosen() {
    return [this.#select.value, numberOr(this.#value.value.trim()), numberOr(this.#length.value.trim())];
  }

  freeze(is) {
    for (const input of [this.#select, this.#value, this.#length]) input.disabled = is;
  }

  refuse(detail) {
    if (detail) this.#value.setAttribute("aria-invalid", true);
    else this.#value.removeAttribute("aria-invalid");
    say(this.#error, detail?.message ?? "");
  }

  #arrange() {
    const kind = this.#select.value;
    this.#value.hidden = kind === "";
    this.#length.hidden = kind !== "atr";
    say(this.#hint, words.unitHints[kind] ?? "");
  }
}

export class StopField extends Choice {
  constructor(name, onInput) {
    super(words.stops[name], [["", words.noStop], ...UNITS.map((unit) => [unit, words.units[unit]])], onInput);
  }

  set value(stop) {
    const unit = UNITS.find((name) => stop && name in stop) ?? "";
    this.show(unit, stop?.[unit], stop?.length);
  }

  get value() {
    const [unit, value, length] = this.chosen();
    if (unit === "") return null;
    return unit === "atr" ? { atr: value, length } : { [unit]: value };
  }
}

export class SizingField extends Choice {
  constructor(onInput) {
    super(words.sizing, MODES.map((mode) => [mode, words.modes[mode]]), onInput);
  }

  set value(sizing) {
    this.show(sizing?.mode ?? "percent", sizing?.value ?? 1);
  }

  get value() {
    const [mode, value] = this.chosen();
    return { mode, value };
  }
}
