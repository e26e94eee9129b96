/** Of the audit log, one action, target or operator. */

import { button, element } from "../common/dom.js";
import { words } from "../words/audit.js";

export class AuditFilters {
  element;
  #action = element(
    "select",
    { id: "audit-action" },
    element("option", { value: "" }, words.anyAction),
    ...Object.entries(words.actions).map(([value, text]) => element("option", { value }, text)),
  );
  #target = searched("audit-target", words.targetHint);
  #by = searched("audit-by", words.byHint);

  /** onChosen({action, target, userId}). */
  constructor(onChosen) {
    const field = (input, label) => element("div", { class: "field" }, element("label", { for: input.id }, label), input);
    this.element = element(
      "form",
      { class: "toolbar", novalidate: true },
      field(this.#action, words.action),
      field(this.#target, words.target),
      field(this.#by, words.by),
      element("button", { type: "submit" }, words.apply),
      button(words.reset, () => onChosen({}), { class: "quiet" }),
    );
    const choose = () => onChosen({ action: this.#action.value, target: this.#target.value.trim(), userId: this.#by.value.trim() });
    this.#action.addEventListener("change", choose);
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      choose();
    });
  }

  /** Fills the fields from an address, and answers with what it asks for. */
  show(query) {
    const [action, target, userId] = ["action", "target", "userId"].map((name) => query.get(name) ?? "");
    this.#action.value = Object.hasOwn(words.actions, action) ? action : "";
    this.#target.value = target;
    this.#by.value = userId;
    return { action, target, userId };
  }
}

const searched = (id, placeholder) =>
  element("input", { id, type: "search", autocomplete: "off", spellcheck: "false", placeholder });
