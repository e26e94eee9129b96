/** A strategy's declared parameters as number fields. */

import { element, find } from "../common/dom.js";
import { words } from "../words/desk.js";

export class Parameters {
  #place;
  #declared = {};

  constructor(place) {
    this.#place = place;
  }

  show(declared) {
    this.#declared = declared;
    this.#place.replaceChildren(...Object.entries(declared).map(([name, facts]) => drawn(name, facts)));
    this.#place.hidden = Object.keys(declared).length === 0;
  }

  /** The field of that parameter; null when the strategy has none of that name. */
  field(name) {
    return name in this.#declared ? find(idOf(name)) : null;
  }

  /** Values that differ from the strategy's own. */
  chosen() {
    const values = Object.keys(this.#declared).map((name) => [name, this.field(name).valueAsNumber]);
    const differs = ([name, value]) => !Number.isNaN(value) && value !== this.#declared[name].default;
    return Object.fromEntries(values.filter(differs));
  }
}

const idOf = (name) => `parameter-${name}`;

function drawn(name, { type, default: initial, min, max }) {
  const id = idOf(name);
  const label = name.replace(/([a-z0-9])([A-Z])|_/g, "$1 $2").toLowerCase();
  const step = type === "int" ? 1 : "any";
  return element(
    "div",
    { class: "field" },
    element("label", { for: id }, label.charAt(0).toUpperCase() + label.slice(1)),
    element("input", {
      id, min, max, step, type: "number", value: initial,
      inputmode: type === "int" ? "numeric" : "decimal",
      "aria-describedby": `${id}-hint ${id}-error`,
    }),
    element("p", { class: "hint", id: `${id}-hint` }, range(min, max)),
    element("p", { class: "error", id: `${id}-error`, hidden: true }),
  );
}

function range(min, max) {
  const [low, high] = [Number.isFinite(min), Number.isFinite(max)];
  if (low && high) return words.range(min, max);
  return low ? words.atLeast(min) : high ? words.atMost(max) : "";
}
