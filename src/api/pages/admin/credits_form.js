/** Credits granted to an account, or taken back. */

import { Refusal } from "../common/api.js";
import { confirmed } from "../common/confirm.js";
import { button, element, say } from "../common/dom.js";
import { busyWhile } from "../common/focus.js";
import { whole } from "../common/format.js";
import { words } from "../words/accounts.js";
import { post } from "./calls.js";
import { NumberField, placed } from "./number_field.js";

const LONGEST_NOTE = 200;

export class CreditsForm {
  element;
  #calls;
  #account;
  #amount = new NumberField({ name: "amount", label: words.amount });
  #note = element("input", {
    id: "credits-note",
    maxlength: LONGEST_NOTE,
    autocomplete: "off",
    "aria-describedby": "credits-note-hint",
  });
  #message = element("p", { class: "notice", role: "alert", hidden: true });
  #done = element("p", { class: "done", role: "status" });
  #buttons;

  /** calls: onChanged(account), onUnsure(). */
  constructor(account, calls) {
    this.#calls = calls;
    this.#account = account;
    const grant = element("button", { type: "submit", class: "primary" }, words.grant);
    this.#buttons = [button(words.take, () => busyWhile(this.#buttons, () => this.#take())), grant];
    const hint = element("p", { class: "hint", id: "credits-note-hint" }, words.noteHint);
    const note = [element("label", { for: "credits-note" }, words.note), this.#note, hint];
    this.element = element(
      "form",
      { class: "card sheet stack", novalidate: true, "aria-label": words.grantTitle },
      element("h3", {}, words.grantTitle),
      this.#amount.element,
      element("div", { class: "field" }, ...note),
      this.#message,
      element("div", { class: "dialog-actions" }, this.#done, ...this.#buttons),
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      busyWhile(this.#buttons, () => this.#grant());
    });
  }

  async #grant() {
    if (this.#isReadable()) await this.#move(this.#amount.value, words.granted);
  }

  async #take() {
    if (!this.#isReadable()) return;
    const amount = this.#amount.value;
    const [title, text] = [words.takeTitle(whole(amount)), words.takeText(whole(this.#account.credits.available))];
    if (await confirmed({ title, text, action: words.take, isDanger: true })) await this.#move(-amount, words.taken);
  }

  #isReadable() {
    say(this.#message, "");
    this.#done.textContent = "";
    const { value } = this.#amount;
    const isAmount = Number.isInteger(value) && value >= 1;
    this.#amount.say(isAmount ? "" : words.amountMissing);
    if (!isAmount) this.#amount.input.focus();
    return isAmount;
  }

  async #move(amount, said) {
    try {
      this.#account = await post(`/accounts/${this.#account.userId}/credits`, { amount, note: this.#note.value.trim() || null });
      this.#amount.value = null;
      this.#note.value = "";
      this.#done.textContent = said(whole(Math.abs(amount)));
      this.#calls.onChanged(this.#account);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      this.#refused(refusal);
    }
  }

  #refused(refusal) {
    const { message, isUncertain } = refusal;
    if (!placed([this.#amount], refusal.details)) say(this.#message, isUncertain ? `${message} ${words.uncertain}` : message);
    // Credits granted twice are not found out by anybody: the ledger is shown as it is now.
    if (isUncertain) this.#calls.onUnsure();
  }
}
