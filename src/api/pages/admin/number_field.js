/** A field for a number, with what is wrong said at it. */

import { element, say } from "../common/dom.js";

let made = 0;

export class NumberField {
  element;
  input;
  #error;

  /** hint: below the field; isWhole: no fractions; name: the member of the body it is for. */
  constructor({ name, label, hint = null, isWhole = true, placeholder = null }) {
    const id = `number-${(made += 1)}`;
    this.name = name;
    // A field of type number gives nothing away of what it cannot read: what was typed is read here.
    this.input = element("input", {
      id,
      name,
      inputmode: isWhole ? "numeric" : "decimal",
      autocomplete: "off",
      placeholder,
      "aria-describedby": `${id}-hint ${id}-error`,
    });
    this.#error = element("p", { class: "error", id: `${id}-error`, hidden: true });
    this.element = element(
      "div",
      { class: "field", "data-member": name },
      element("label", { for: id }, label),
      this.input,
      hint ? element("p", { class: "hint", id: `${id}-hint` }, hint) : null,
      this.#error,
    );
  }

  /** The number; null for nothing; NaN for what is none. Digits may be grouped by commas. */
  get value() {
    const text = this.input.value.trim().replaceAll(/(?<=\d),(?=\d{3})/g, "");
    if (text === "") return null;
    return /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  }

  set value(number) {
    this.input.value = number ?? "";
    this.say("");
  }

  say(message) {
    say(this.#error, message && message.charAt(0).toUpperCase() + message.slice(1));
    if (message) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
  }
}

/** Each detail of a refusal at its field; goes to the first. Answers whether all had one. */
export function placed(fields, details) {
  const places = details.map(({ path, message }) => [fields.find((field) => field.name === path), message]);
  for (const [field, message] of places) field?.say(message);
  fields.find((field) => field.input.hasAttribute("aria-invalid"))?.input.focus();
  return details.length > 0 && places.every(([field]) => field);
}
