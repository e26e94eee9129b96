/** An account's plan and figures of its own. */

import { Refusal } from "../common/api.js";
import { element, say } from "../common/dom.js";
import { words } from "../words/accounts.js";
import { patch } from "./calls.js";
import { NumberField, placed } from "./number_field.js";
import { PLANS } from "./plans.js";

/** The members of a change, and what an account calls what applies. */
const FIGURES = [
  ["concurrent", "concurrent", words.concurrent],
  ["perDay", "perDay", words.perDay],
  ["waiting", "waitingLimit", words.mostWaiting],
];

export class AccountForm {
  element;
  #calls;
  #account;
  #plan = element("select", { id: "account-plan" }, ...PLANS.map((plan) => element("option", { value: plan }, plan)));
  #figures = FIGURES.map(([name, applies, label]) => new Figure(name, applies, label));
  #message = element("p", { class: "notice", role: "alert", hidden: true });
  #done = element("p", { class: "done", role: "status" });
  #save = element("button", { type: "submit", class: "primary" }, words.save);

  /** calls: onChanged(account), onUnsure(), onUnauthorized(). */
  constructor(account, calls) {
    this.#calls = calls;
    this.element = element(
      "form",
      { class: "card sheet stack", novalidate: true, "aria-label": words.limits },
      element("h3", {}, words.limits),
      element("div", { class: "field" }, element("label", { for: "account-plan" }, words.plan), this.#plan),
      ...this.#figures.map((figure) => figure.element),
      element("p", { class: "hint" }, words.limitsHint),
      this.#message,
      element("div", { class: "dialog-actions" }, this.#done, this.#save),
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.show(account);
  }

  show(account) {
    this.#account = account;
    this.#plan.value = account.plan;
    for (const figure of this.#figures) figure.show(account);
  }

  async #submit() {
    say(this.#message, "");
    this.#done.textContent = "";
    const wrong = this.#figures.flatMap((figure) => figure.wrong());
    const fields = this.#figures.map((figure) => figure.field);
    for (const field of fields) field.say("");
    if (placed(fields, wrong)) return;
    const changes = this.#changes();
    if (Object.keys(changes).length === 0) {
      this.#done.textContent = words.nothingChanged;
      return;
    }
    this.#save.disabled = true;
    try {
      this.#calls.onChanged(await patch(`/accounts/${this.#account.userId}`, changes));
      this.#done.textContent = words.saved;
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      if (refusal.isUnauthorized) this.#calls.onUnauthorized();
      else if (!placed(fields, refusal.details)) say(this.#message, refusal.message);
    } finally {
      this.#save.disabled = false;
    }
  }

  /** Only what is other than it was: a figure that is sent is the account's own from then on. */
  #changes() {
    const changes = Object.fromEntries(this.#figures.flatMap((figure) => figure.change()));
    return this.#plan.value === this.#account.plan ? changes : { ...changes, plan: this.#plan.value };
  }
}

class Figure {
  element;
  field;
  #applies;
  #now = null;
  #asPlan = element("input", { type: "checkbox" });

  constructor(name, applies, label) {
    this.#applies = applies;
    this.field = new NumberField({ name, label, placeholder: words.noLimit });
    this.#asPlan.addEventListener("change", () => (this.field.input.disabled = this.#asPlan.checked));
    const check = element("label", { class: "check" }, this.#asPlan, element("span", { class: "unseen" }, `${label}: `), words.asPlan);
    this.element = element("div", { class: "figure-row" }, this.field.element, check);
  }

  show(account) {
    this.#now = account[this.#applies];
    this.field.value = this.#now;
    this.field.input.disabled = this.#asPlan.checked = false;
  }

  wrong() {
    const { name, value } = this.field;
    if (this.#asPlan.checked || value === this.#now) return [];
    if (value === null) return [{ path: name, message: words.emptied }];
    return Number.isInteger(value) ? [] : [{ path: name, message: words.notWhole }];
  }

  change() {
    if (this.#asPlan.checked) return [[this.field.name, null]];
    return this.field.value === this.#now ? [] : [[this.field.name, this.field.value]];
  }
}
