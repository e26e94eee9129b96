/** What a rule may say, to look up and to insert. */

import { button, element, say } from "../common/dom.js";
import { rules } from "../common/known.js";
import { words } from "../words/strategies.js";
import { language } from "./calls.js";

export class Reference {
  element;
  #insert;
  #entries = [];
  #list = element("div", { class: "reference-list" });
  #message = element("p", { class: "hint" }, words.loadingReference);
  #search = element("input", { type: "search", "aria-label": words.searchReference, placeholder: words.searchReference });
  #asked = false;

  /** insert(text): where the caret is. */
  constructor(insert) {
    this.#insert = insert;
    this.#search.addEventListener("input", () => this.#filter());
    this.element = element(
      "aside",
      { class: "reference card", "aria-label": words.reference },
      element("h3", {}, words.reference),
      this.#search,
      this.#message,
      this.#list,
    );
  }

  /** It never changes while a page lives: asked for once. */
  async load() {
    if (this.#asked) return;
    this.#asked = true;
    try {
      const [said, help] = await Promise.all([language(), rules()]);
      this.#show(said, help);
    } catch (refusal) {
      this.#asked = false;
      say(this.#message, words.referenceLost(refusal.message));
    }
  }

  /** What may be written, by name: [{name, text, help}]. */
  candidates = () => this.#entries.map(({ entry }) => entry);

  /** worded: help by name, in the page's language. */
  #show({ series, position, words: spoken, functions }, worded) {
    say(this.#message, "");
    const helped = ({ name, help }) => worded[name] ?? help;
    const calls = functions.map((one) => ({ ...one, help: helped(one), says: one.signature, text: one.signature }));
    const plain = (entries, group) =>
      entries.map((one) => ({ name: one.name, help: helped(one), says: one.name, text: one.name, group }));
    const all = [
      ...plain(series, "prices"),
      ...calls.filter(({ group }) => group === "language"),
      ...plain(spoken, "words"),
      ...plain(position, "position"),
      ...calls.filter(({ group }) => group !== "language"),
    ];
    this.#entries = all.map((entry) => ({ entry, node: this.#drawn(entry) }));
    for (const [group, entries] of grouped(this.#entries)) {
      const rows = element("ul", {}, ...entries.map(({ node }) => node));
      this.#list.append(element("section", {}, element("h4", {}, words.groups[group] ?? group), rows));
    }
  }

  #drawn({ says, text, help }) {
    const inserts = button(says, () => this.#insert(text), { class: "link code", title: words.insert });
    return element("li", {}, inserts, element("p", { class: "hint" }, help));
  }

  #filter() {
    const wanted = this.#search.value.trim().toLowerCase();
    let shown = 0;
    for (const { entry, node } of this.#entries) {
      node.hidden = !`${entry.says} ${entry.help}`.toLowerCase().includes(wanted);
      shown += node.hidden ? 0 : 1;
    }
    for (const section of this.#list.children) section.hidden = !section.querySelector("li:not([hidden])");
    say(this.#message, this.#entries.length > 0 && shown === 0 ? words.nothingFound : "");
  }
}

function grouped(entries) {
  const groups = new Map();
  for (const one of entries) groups.set(one.entry.group, [...(groups.get(one.entry.group) ?? []), one]);
  return groups;
}
