/** A field that finds among many: types narrow, arrows walk, Enter takes, Escape leaves it as it was. */

import { element } from "./dom.js";

/** More than one looks through; who wants another types on. */
const MOST_SHOWN = 50;
const PAGE = 10;

export class Combobox {
  #input;
  #list;
  #options = [];
  #found = [];
  #active = -1;
  #chosen = null;
  #calls;

  /**
   * input: the text field. calls: onChoose(value); row(option), the contents of an option's element; more(count), what
   * to say of those that are not shown; none(text), when nothing is found.
   */
  constructor(input, calls) {
    this.#input = input;
    this.#calls = calls;
    this.#list = element("ul", { id: `${input.id}-list`, class: "options", role: "listbox", popover: "manual" });
    this.#list.setAttribute("aria-label", input.labels[0]?.textContent ?? "");
    input.after(this.#list);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": false, "aria-controls": this.#list.id, autocomplete: "off", spellcheck: "false" })) input.setAttribute(name, value);
    input.addEventListener("focus", () => input.select());
    input.addEventListener("click", () => this.#open(""));
    input.addEventListener("input", () => this.#open(input.value));
    input.addEventListener("blur", () => this.#shut());
    input.addEventListener("keydown", (event) => this.#key(event));
    // The focus stays in the field, and with it the keys.
    this.#list.addEventListener("mousedown", (event) => event.preventDefault());
    this.#list.addEventListener("click", ({ target }) => this.#take(Number(target.closest("[role=option]")?.dataset.at ?? -1)));
    for (const name of ["scroll", "resize"]) window.addEventListener(name, ({ target }) => target !== this.#list && this.#place(), true);
  }

  /** options: [{value, text, search}], in their order; text is what the field says, search what is looked through, in small letters. */
  offer(options) {
    this.#options = options;
    this.#shut();
  }

  get value() {
    return this.#chosen?.value ?? null;
  }

  /** Whether there is such an option. */
  choose(value) {
    const chosen = this.#options.find((one) => one.value === value) ?? null;
    if (chosen === null) return false;
    this.#chosen = chosen;
    this.#input.value = chosen.text;
    return true;
  }

  clear() {
    this.#options = [];
    this.#chosen = null;
    this.#input.value = "";
    this.#shut();
  }

  get #isOpen() {
    return this.#input.getAttribute("aria-expanded") === "true";
  }

  #open(text) {
    this.#found = found(this.#options, text.trim().toLowerCase());
    const shown = this.#found.slice(0, MOST_SHOWN);
    const hidden = this.#found.length - shown.length;
    const note = this.#found.length === 0 ? this.#calls.none(text.trim()) : hidden > 0 ? this.#calls.more(hidden) : "";
    this.#list.replaceChildren(
      ...shown.map((one, at) =>
        element("li", { id: `${this.#list.id}-${at}`, role: "option", "data-at": at, "aria-selected": one === this.#chosen }, ...this.#calls.row(one))),
      ...(note ? [element("li", { class: "hint", role: "option", "aria-disabled": true }, note)] : []),
    );
    this.#input.setAttribute("aria-expanded", true);
    if (!this.#list.matches(":popover-open")) this.#list.showPopover();
    this.#place();
    this.#walkTo(text === "" ? Math.max(0, shown.indexOf(this.#chosen)) : 0);
  }

  /** Above the page and not in it, so that nothing cuts it off: where the field is now. */
  #place() {
    if (!this.#isOpen) return;
    const { left, bottom, top, width } = this.#input.getBoundingClientRect();
    const below = window.innerHeight - bottom - 12;
    const isAbove = below < 200 && top > below;
    const { style } = this.#list;
    style.left = `${left}px`;
    style.minWidth = `${width}px`;
    style.maxHeight = `${Math.min(360, isAbove ? top - 12 : below)}px`;
    style.top = isAbove ? "auto" : `${bottom + 4}px`;
    style.bottom = isAbove ? `${window.innerHeight - top + 4}px` : "auto";
  }

  #shut() {
    this.#input.setAttribute("aria-expanded", false);
    this.#input.removeAttribute("aria-activedescendant");
    if (this.#list.matches(":popover-open")) this.#list.hidePopover();
    if (this.#chosen) this.#input.value = this.#chosen.text;
  }

  #walkTo(at) {
    const rows = [...this.#list.querySelectorAll("[data-at]")];
    this.#active = Math.min(Math.max(at, 0), rows.length - 1);
    for (const [index, row] of rows.entries()) row.classList.toggle("is-active", index === this.#active);
    const row = rows[this.#active];
    if (row) this.#input.setAttribute("aria-activedescendant", row.id);
    else this.#input.removeAttribute("aria-activedescendant");
    row?.scrollIntoView({ block: "nearest" });
  }

  #take(at) {
    const one = this.#found[at];
    if (!one) return;
    const isOther = one !== this.#chosen;
    this.#chosen = one;
    this.#shut();
    if (isOther) this.#calls.onChoose(one.value);
  }

  #key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE };
    if (event.key in steps && !event.altKey) {
      if (this.#isOpen) this.#walkTo(this.#active + steps[event.key]);
      else this.#open("");
    } else if (!this.#isOpen) return;
    else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) this.#take(this.#active);
    else if (event.key === "Escape") this.#shut();
    else return;
    event.preventDefault();
  }
}

/** Those that begin with the text first, then those that have all its words somewhere. */
function found(options, text) {
  if (text === "") return options;
  const words = text.split(/\s+/);
  const fitting = options.filter(({ search }) => words.every((word) => search.includes(word)));
  return [...fitting.filter(({ search }) => search.startsWith(text)), ...fitting.filter(({ search }) => !search.startsWith(text))];
}
