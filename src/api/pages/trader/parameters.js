/** A strategy's declared parameters as number fields: what a run takes, and what a sweep's other values begin from. */

import { element, find } from "../common/dom.js";
import { keepingFocus } from "../common/focus.js";
import { words } from "../words/desk.js";

export class Parameters {
  #place;
  #declared = {};

  constructor(place) {
    this.#place = place;
    find("parameters-reset").addEventListener("click", () => this.set({}));
    place.addEventListener("input", () => this.#offerReset());
  }

  /** labels: by name; those that have none are called by their names. */
  show(declared, labels = {}) {
    this.#declared = declared;
    this.#place.replaceChildren(...Object.entries(declared).map(([name, facts]) => drawn(name, facts, labels[name])));
    this.#offerReset();
  }

  /** Values by name; those that are not named are the strategy's own. */
  set(values) {
    for (const [name, { default: initial }] of Object.entries(this.#declared)) this.field(name).value = values[name] ?? initial;
    this.#offerReset();
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

  #offerReset() {
    const isOffered = Object.keys(this.chosen()).length > 0;
    keepingFocus(() => (find("parameters-reset").hidden = !isOffered), () => this.#place.querySelector("input"));
  }
}

/** “Entry length” of entry_length and entryLength. */
export function labelOf(name) {
  const label = name.replace(/([a-z0-9])([A-Z])|_/g, "$1 $2").toLowerCase();
  return label.charAt(0).toUpperCase() + label.slice(1);
}

export function range({ min, max }) {
  const [low, high] = [Number.isFinite(min), Number.isFinite(max)];
  if (low && high) return words.range(min, max);
  return low ? words.atLeast(min) : high ? words.atMost(max) : "";
}

const idOf = (name) => `parameter-${name}`;

function drawn(name, facts, label = labelOf(name)) {
  const id = idOf(name);
  const { type, default: initial, min, max } = facts;
  return element(
    "div",
    { class: "field" },
    element("label", { for: id }, label),
    element("input", {
      id, min, max, step: type === "int" ? 1 : "any", type: "number", value: initial,
      inputmode: type === "int" ? "numeric" : "decimal",
      "aria-describedby": `${id}-hint ${id}-error`,
    }),
    element("p", { class: "hint", id: `${id}-hint` }, range(facts)),
    element("p", { class: "error", id: `${id}-error`, hidden: true }),
  );
}
