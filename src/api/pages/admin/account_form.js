/** An account's plan and figures of its own. */

import { Refusal } from "../common/api.js";
import { button, element, say } from "../common/dom.js";
import { busyWhile } from "../common/focus.js";
import { whole } from "../common/format.js";
import { words } from "../words/accounts.js";
import { patch } from "./calls.js";
import { NumberField, placed } from "./number_field.js";
import { PLANS } from "./plans.js";

const FIGURES = { concurrent: words.concurrent, perDay: words.perDay, waiting: words.mostWaiting };

export class AccountForm {
  element;
  #calls;
  #account;
  #plan = element("select", { id: "account-plan" }, ...PLANS.map((plan) => element("option", { value: plan }, plan)));
  #figures = Object.entries(FIGURES).map(([name, label]) => new Figure(name, label));
  #message = element("p", { class: "notice", role: "alert", hidden: true });
  #done = element("p", { class: "done", role: "status" });
  #save = element("button", { type: "submit", class: "primary" }, words.save);

  /** calls: onChanged(account), onUnsure(). */
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
    this.#plan.addEventListener("change", () => this.#compare());
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      busyWhile([this.#save], () => this.#submit());
    });
    this.show(account);
  }

  show(account) {
    this.#account = account;
    this.#plan.value = account.plan;
    for (const figure of this.#figures) figure.show(account);
    this.#compare();
  }

  #compare() {
    for (const figure of this.#figures) figure.compare(this.#plan.value);
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
    try {
      this.#calls.onChanged(await patch(`/accounts/${this.#account.userId}`, changes));
      this.#done.textContent = words.saved;
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      if (!placed(fields, refusal.details)) say(this.#message, refusal.message);
    }
  }

  /** Only what is other than it was: a figure that is sent is the account's own from then on. */
  #changes() {
    const changes = Object.fromEntries(this.#figures.flatMap((figure) => figure.change()));
    return this.#plan.value === this.#account.plan ? changes : { ...changes, plan: this.#plan.value };
  }
}

/** Empty, it is the plan's. */
class Figure {
  element;
  field;
  #account = null;
  #plan = null;
  #says = element("span");
  #back;

  constructor(name, label) {
    this.field = new NumberField({ name, label, hint: this.#says });
    this.#back = button(words.backToPlan, () => this.#empty(), { class: "quiet", "aria-label": `${words.backToPlan}: ${label}` });
    this.field.input.addEventListener("input", () => this.#tell());
    this.element = element("div", { class: "figure-row" }, this.field.element, this.#back);
  }

  show(account) {
    this.#account = account;
    this.field.value = this.#own;
  }

  /** What an empty field comes to. */
  compare(plan) {
    this.#plan = plan;
    this.field.input.placeholder = this.#granted;
    this.#tell();
  }

  wrong() {
    const { name, value } = this.field;
    return value === null || Number.isInteger(value) ? [] : [{ path: name, message: words.notWhole }];
  }

  change() {
    return this.field.value === this.#own ? [] : [[this.field.name, this.field.value]];
  }

  get #own() {
    return this.#account.own[this.field.name];
  }

  get #granted() {
    const figure = this.#account.plans[this.#plan]?.[this.field.name] ?? null;
    return figure === null ? words.noLimit : whole(figure);
  }

  #tell() {
    const isOwn = this.field.input.value.trim() !== "";
    this.#says.textContent = (isOwn ? words.ownInstead : words.asPlan)(this.#plan, this.#granted);
    this.#back.disabled = !isOwn;
  }

  #empty() {
    this.field.value = null;
    this.#tell();
    this.field.input.focus();
  }
}
