/** A definition as text: to copy it out, and to bring one in. */

import { button, element, say } from "../common/dom.js";
import { words as common } from "../words/common.js";
import { words } from "../words/strategies.js";

export class JsonField {
  element;
  #text = element("textarea", { class: "code json", rows: 16, spellcheck: "false", "aria-label": words.asJson });
  #error = element("p", { class: "error", role: "alert", hidden: true });
  #said = element("span", { class: "hint", role: "status" });
  #use;

  /** read(): the definition now. take(definition): another in its place. */
  constructor({ read, take }) {
    this.#use = button(words.useJson, () => this.#take(take), { class: "quiet" });
    const copy = button(words.copyJson, () => this.#copy(), { class: "quiet" });
    this.element = element(
      "details",
      { class: "json-part" },
      element("summary", {}, words.asJson),
      element("p", { class: "hint" }, words.jsonHint),
      this.#text,
      this.#error,
      element("div", { class: "toolbar" }, copy, this.#use, this.#said),
    );
    this.element.addEventListener("toggle", () => {
      if (this.element.open) this.#text.value = JSON.stringify(read(), null, 2);
    });
  }

  freeze(is) {
    this.#use.hidden = is;
    this.element.open = false;
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.#text.value);
      this.#said.textContent = common.copied;
    } catch {
      // Browsers give no clipboard to plain http: what is selected can be copied by hand.
      this.#text.select();
    }
  }

  #take(take) {
    try {
      const definition = JSON.parse(this.#text.value);
      if (typeof definition !== "object" || definition === null || Array.isArray(definition)) throw new SyntaxError(words.notAnObject);
      say(this.#error, "");
      take(definition);
    } catch (error) {
      say(this.#error, words.notJson(error.message));
    }
  }
}
