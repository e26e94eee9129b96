/** Offers names while one is typed: arrows choose, Enter or Tab takes, Escape sends it away. */

import { element } from "../common/dom.js";

const LEAST = 2;
const MOST = 8;
const WORD = /[A-Za-z_]\w*$/;

let lists = 0;

export class Completion {
  element;
  #input;
  #candidates;
  #found = [];
  #at = -1;

  /** candidates(): [{name, text, help}] that may be meant; text is what is written. */
  constructor(input, candidates) {
    this.#input = input;
    this.#candidates = candidates;
    this.element = element("ul", { class: "completion", role: "listbox", id: `completion-${(lists += 1)}`, hidden: true });
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", this.element.id);
    input.addEventListener("input", () => this.#look());
    input.addEventListener("blur", () => this.#hide());
    input.addEventListener("keydown", (event) => this.#key(event));
    // The focus stays in the text; a click must not take it before it is heard.
    this.element.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const index = [...this.element.children].indexOf(event.target.closest("li"));
      if (index >= 0) this.#take(index);
    });
  }

  #word() {
    const { selectionStart, selectionEnd, value } = this.#input;
    if (selectionStart !== selectionEnd || /\w/.test(value[selectionEnd] ?? "")) return "";
    return WORD.exec(value.slice(0, selectionStart))?.[0] ?? "";
  }

  #look() {
    const word = this.#word().toLowerCase();
    if (word.length < LEAST) {
      this.#hide();
      return;
    }
    const all = this.#candidates().filter(({ name }) => name.toLowerCase().startsWith(word));
    this.#found = all.some(({ name }) => name.toLowerCase() === word) && all.length === 1 ? [] : all.slice(0, MOST);
    this.#draw();
  }

  #draw() {
    this.#at = -1;
    this.element.replaceChildren(
      ...this.#found.map(({ text, help }, index) =>
        element("li", { role: "option", id: `${this.element.id}-${index}` }, element("span", { class: "code" }, text), element("span", { class: "hint" }, help)),
      ),
    );
    this.element.hidden = this.#found.length === 0;
    this.#choose(-1);
  }

  #choose(index) {
    this.#at = index;
    for (const [at, row] of [...this.element.children].entries()) row.setAttribute("aria-selected", at === index);
    if (index < 0) this.#input.removeAttribute("aria-activedescendant");
    else this.#input.setAttribute("aria-activedescendant", `${this.element.id}-${index}`);
  }

  #key(event) {
    if (this.element.hidden || event.isComposing) return;
    const count = this.#found.length;
    const moves = { ArrowDown: (this.#at + 1) % count, ArrowUp: (this.#at + count - (this.#at < 0 ? 0 : 1)) % count };
    if (event.key in moves) this.#choose(moves[event.key]);
    else if ((event.key === "Enter" || event.key === "Tab") && this.#at >= 0) this.#take(this.#at);
    else if (event.key === "Escape") this.#hide();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #take(index) {
    const { text } = this.#found[index];
    const { selectionStart: caret, value } = this.#input;
    const from = caret - this.#word().length;
    this.#input.value = value.slice(0, from) + text + value.slice(caret);
    const inside = text.indexOf("(");
    const to = from + (inside < 0 ? text.length : inside + 1);
    this.#input.setSelectionRange(to, to);
    this.#input.dispatchEvent(new InputEvent("input", { bubbles: true }));
    this.#hide();
  }

  #hide() {
    this.#found = [];
    this.#draw();
  }
}
