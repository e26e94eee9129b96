/** A list of rows that one adds to and takes from: a strategy's parameters and its names. */

import { button, element, say } from "../common/dom.js";
import { words } from "../words/strategies.js";

/** One parameter: its name, whether it is whole, where it begins, and its range. */
export class ParameterRow {
  element;
  #error = element("p", { class: "error", hidden: true });
  #inputs;

  constructor(name, { type, default: initial, min, max }, { onInput, onRemove }) {
    const number = (value) => element("input", { type: "text", inputmode: "decimal", value: value ?? "" });
    const kind = element("select");
    kind.append(new Option(words.whole, "int"), new Option(words.decimal, "float"));
    kind.value = type ?? "int";
    this.#inputs = {
      name: element("input", { type: "text", value: name, maxlength: 32, spellcheck: "false", autocapitalize: "off" }),
      type: kind,
      default: number(initial),
      min: number(min),
      max: number(max),
    };
    // Beside each other their names stand once above them all, and here for the ears; on a narrow screen at each.
    const names = { ...words, name: words.parameterName, default: words.initial, min: words.least, max: words.most };
    const labelled = ([member, input]) => element("label", { class: "cell" }, element("span", { class: "hint" }, names[member]), input);
    this.element = element(
      "div",
      { class: "parameter-row" },
      ...Object.entries(this.#inputs).map(labelled),
      button("×", onRemove, { class: "quiet row-remove", "aria-label": words.removeParameter }),
      this.#error,
    );
    this.element.addEventListener("input", onInput);
  }

  get name() {
    return this.#inputs.name.value.trim();
  }

  /** {type, default, min, max}; what cannot be read is sent as it is, for the server to refuse at its place. */
  facts() {
    const facts = { type: this.#inputs.type.value };
    for (const member of ["default", "min", "max"]) {
      const text = this.#inputs[member].value.trim();
      if (text !== "") facts[member] = numberOr(text);
    }
    return facts;
  }

  focus() {
    this.#inputs.name.focus();
  }

  freeze(is) {
    for (const input of Object.values(this.#inputs)) input.disabled = is;
  }

  refuse(detail) {
    const member = detail?.path.split(".")[2];
    for (const input of Object.values(this.#inputs)) input.removeAttribute("aria-invalid");
    if (detail) (this.#inputs[member] ?? this.#inputs.name).setAttribute("aria-invalid", true);
    say(this.#error, detail?.message ?? "");
  }
}

/** A number where the text is one, else the text. */
export function numberOr(text) {
  const number = Number(text);
  return text === "" || Number.isNaN(number) ? text : number;
}
