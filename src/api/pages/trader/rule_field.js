/** One rule as text, painted as one types, with what is wrong marked under its characters. */

import { element, say } from "../common/dom.js";
import { Completion } from "./completion.js";
import { painted, wrongPlace } from "./rule_text.js";

let fields = 0;

export class RuleField {
  element;
  input;
  #id = `rule-${(fields += 1)}`;
  #mirror = element("div", { class: "rule-mirror", "aria-hidden": "true" });
  #error = element("p", { class: "error", id: `${this.#id}-error`, hidden: true });
  #wrong = null;
  #names;
  #completion;

  /** onInput(), onFocus(field); names(): the strategy's own names now; candidates(): what may be written, by name. */
  constructor({ label, hint, isLabelHidden = false, onInput, onFocus, names, candidates }) {
    this.#names = names;
    this.input = element("textarea", {
      id: this.#id, rows: 1, spellcheck: "false", autocapitalize: "off", autocomplete: "off", maxlength: 2000,
      "aria-describedby": `${this.#id}-error`,
    });
    this.input.addEventListener("input", () => {
      // What was wrong there is not known to be wrong any more.
      this.#wrong = null;
      this.paint();
      onInput();
    });
    this.input.addEventListener("focus", () => onFocus(this));
    this.input.addEventListener("keydown", (event) => {
      // A rule is one line of thought; Enter in it means nothing.
      if (event.key === "Enter" && !event.isComposing) event.preventDefault();
    });
    const own = () => [...names()].filter(Boolean).map((name) => ({ name, text: name, help: "" }));
    this.#completion = new Completion(this.input, () => [...own(), ...candidates()]);
    this.element = element(
      "div",
      { class: "field rule-field" },
      element("label", { for: this.#id, class: isLabelHidden ? "unseen" : null }, label),
      element("div", { class: "rule-box" }, this.#mirror, this.input, this.#completion.element),
      hint ? element("p", { class: "hint" }, hint) : null,
      this.#error,
    );
  }

  get value() {
    return this.input.value;
  }

  set value(text) {
    this.input.value = text;
    this.#wrong = null;
    this.paint();
  }

  paint() {
    const text = this.input.value;
    const wrong = this.#wrong && wrongPlace(text, this.#wrong);
    // The last line of a mirror needs something in it to be as high as the text area's.
    this.#mirror.replaceChildren(...painted(text, wrong, this.#names()), "\u200b");
  }

  /** detail: {message, column, endColumn} or null. */
  refuse(detail) {
    this.#wrong = detail?.column ? detail : null;
    if (detail) this.input.setAttribute("aria-invalid", true);
    else this.input.removeAttribute("aria-invalid");
    say(this.#error, detail?.message ?? "");
    this.paint();
  }

  /** Writes where the caret is, and leaves it inside the first parentheses. */
  insert(text) {
    const { selectionStart: from, selectionEnd: to, value } = this.input;
    this.input.value = value.slice(0, from) + text + value.slice(to);
    const inside = text.indexOf("(");
    const caret = from + (inside < 0 ? text.length : inside + 1);
    this.input.focus();
    this.input.setSelectionRange(caret, caret);
    this.input.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}
