/** A queue's limits, edited where they are shown. */

import { button, element, say } from "../common/dom.js";
import { busyWhile } from "../common/focus.js";
import { words as common } from "../words/common.js";
import { words } from "../words/queues.js";
import { NumberField, placed } from "./number_field.js";

export class LimitsForm {
  element;
  #calls;
  #message = element("p", { class: "notice", role: "alert", hidden: true });
  #save = element("button", { type: "submit", class: "primary" }, words.save);
  #fields = [
    new NumberField({ name: "maxRunning", label: words.maxRunning, hint: words.maxRunningHint, placeholder: words.noLimit }),
    new NumberField({ name: "maxWaiting", label: words.maxWaiting, hint: words.maxWaitingHint, placeholder: words.noLimit }),
    new NumberField({ name: "starts", label: words.starts, hint: words.startsHint, placeholder: words.noLimit }),
    new NumberField({ name: "perSeconds", label: words.perSeconds, isWhole: false, placeholder: "1" }),
  ];

  /** calls: onSave(limits), which throws a Refusal; onClose(). */
  constructor(queue, calls) {
    this.#calls = calls;
    for (const field of this.#fields) field.value = queue[field.name];
    this.element = element(
      "form",
      { class: "limits", novalidate: true, "aria-label": words.limitsOf(queue.name) },
      ...this.#fields.map((field) => field.element),
      element("p", { class: "hint limits-wide" }, words.emptyIsNone),
      this.#message,
      element("div", { class: "dialog-actions limits-wide" }, button(common.cancel, () => calls.onClose()), this.#save),
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      busyWhile([this.#save], () => this.#submit());
    });
    this.element.addEventListener("keydown", (event) => event.key === "Escape" && calls.onClose());
  }

  focus() {
    this.#fields[0].input.focus();
  }

  async #submit() {
    for (const field of this.#fields) field.say("");
    say(this.#message, "");
    const wrong = this.#wrong();
    if (wrong.length) {
      placed(this.#fields, wrong);
      return;
    }
    try {
      await this.#calls.onSave(limitsOf(Object.fromEntries(this.#fields.map((field) => [field.name, field.value]))));
    } catch (refusal) {
      if (!placed(this.#fields, refusal.details ?? [])) say(this.#message, refusal.message);
    }
  }

  /** What the server would not be able to read; what it reads, it judges. */
  #wrong() {
    const [, , starts, perSeconds] = this.#fields;
    const unreadable = this.#fields.filter((field) => Number.isNaN(field.value));
    const wrong = unreadable.map(({ name }) => ({ path: name, message: words.notANumber }));
    const broken = this.#fields.slice(0, 3).filter(({ value }) => Number.isFinite(value) && !Number.isInteger(value));
    wrong.push(...broken.map(({ name }) => ({ path: name, message: words.notWhole })));
    if (starts.value === null && perSeconds.value !== null) wrong.push({ path: "starts", message: words.startsMissing });
    return wrong;
  }
}

/** All limits as the server takes them: a time goes only with a number of starts. */
export function limitsOf({ maxRunning, maxWaiting, starts, perSeconds }) {
  const limits = { maxRunning, maxWaiting, starts };
  return starts === null || perSeconds === null ? limits : { ...limits, perSeconds };
}
