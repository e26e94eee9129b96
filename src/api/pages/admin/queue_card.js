/** One queue: what is in it, what it allows, and what an operator may do about it. */

import { Refusal } from "../common/api.js";
import { confirmed } from "../common/confirm.js";
import { button, element, say } from "../common/dom.js";
import { busyWhile } from "../common/focus.js";
import { whole } from "../common/format.js";
import { to } from "../common/routes.js";
import { words } from "../words/queues.js";
import { patch, post } from "./calls.js";
import { LimitsForm, limitsOf } from "./limits_form.js";
import { stateOf } from "./queues_summary.js";
import { write } from "./rows.js";

/** As the server counts them: no further. */
const COUNTED = 10_000;
const FIGURES = ["waiting", "active", "workers", "slots", "maxRunning", "maxWaiting", "starts"];

export class QueueCard {
  element;
  #shared;
  #queue;
  #state = element("span", { class: "chip" });
  #figures = Object.fromEntries(FIGURES.map((name) => [name, element("dd", {}, "–")]));
  #says = element("p", { class: "queue-says", hidden: true });
  #message = element("p", { class: "notice", role: "alert", hidden: true });
  #done = element("div", { class: "done", role: "status" });
  #place = element("div", {});
  #switch = button("", () => busyWhile([this.#switch], () => this.#turn()), { class: "switch" });
  #edit = button(words.limits, () => this.#open(), { "aria-expanded": "false" });

  constructor(queue, shared) {
    this.#shared = shared;
    this.#queue = queue;
    this.#edit.setAttribute("aria-label", words.limitsOf(queue.name));
    const statuses = { waiting: "waiting", active: "processing" };
    const figures = FIGURES.map((name) => {
      const status = statuses[name];
      const label = status ? element("a", { href: to("jobs", { queue: queue.name, status }) }, words[name]) : words[name];
      return element("div", { "data-figure": name }, element("dt", {}, label), this.#figures[name]);
    });
    const actions = shared.mayChange ? element("div", { class: "queue-actions" }, this.#switch, this.#edit) : null;
    this.element = element(
      "li",
      { class: "card queue", "data-name": queue.name },
      element("div", { class: "queue-head" }, element("h3", { class: "name" }, queue.name), this.#state, actions),
      this.#says,
      element("dl", { class: "figures" }, ...figures),
      this.#message,
      this.#done,
      this.#place,
    );
  }

  show(queue) {
    this.#queue = queue;
    const state = stateOf(queue);
    this.element.dataset.state = state;
    this.#state.dataset.queue = state;
    write(this.#state, words.states[state]);
    this.#say(state);
    write(this.#switch, queue.paused ? words.resume : words.pause);
    this.#switch.setAttribute("aria-label", (queue.paused ? words.resumeOf : words.pauseOf)(queue.name));
    this.#switch.classList.toggle("primary", queue.paused);
    write(this.#figures.waiting, queue.waiting < COUNTED ? whole(queue.waiting) : words.orMore(whole(queue.waiting)));
    for (const name of ["active", "workers", "slots"]) write(this.#figures[name], whole(queue[name]));
    const limit = (figure, text = whole(figure)) => (figure === null ? words.noLimit : text);
    for (const name of ["maxRunning", "maxWaiting"]) write(this.#figures[name], limit(queue[name]));
    write(this.#figures.starts, limit(queue.starts, words.startsIn(whole(queue.starts), String(queue.perSeconds))));
  }

  #say(state) {
    const text = { paused: words.pausedSays, unserved: words.unservedSays, open: "" }[state];
    const command = state === "unserved" ? `PGQUEUE_QUEUE=${this.#queue.name} pgqueue worker` : "";
    if (this.#says.textContent.trim() === `${text} ${command}`.trim()) return;
    this.#says.replaceChildren(text, command && " ", command && element("code", { class: "code" }, command));
    this.#says.hidden = !text;
  }

  /** Paused or resumed, after it was said what that means. */
  async #turn() {
    const { name, paused, waiting, active } = this.#queue;
    const question = paused
      ? { title: words.resumeTitle(name), text: words.resumeText(whole(waiting)), action: words.resume }
      : { title: words.pauseTitle(name), text: words.pauseText(whole(waiting), whole(active)), action: words.pause, isDanger: true };
    if (!(await confirmed(question))) return;
    await this.#try(async () => {
      await post(`/queues/${encodeURIComponent(name)}/${paused ? "resume" : "pause"}`);
      this.#tell((paused ? words.resumed : words.paused)(name));
    });
  }

  #open() {
    if (this.#place.firstChild) {
      this.#close();
      return;
    }
    const form = new LimitsForm(this.#queue, { onSave: (limits) => this.#save(limits), onClose: () => this.#close() });
    this.#place.replaceChildren(form.element);
    this.#edit.setAttribute("aria-expanded", "true");
    form.focus();
  }

  #close() {
    this.#place.replaceChildren();
    this.#edit.setAttribute("aria-expanded", "false");
    this.#edit.focus();
  }

  async #save(limits) {
    const { name } = this.#queue;
    const before = limitsOf(this.#queue);
    await this.#limit(limits);
    this.#close();
    const undo = button(words.undo, () => this.#try(async () => {
      await this.#limit(before);
      this.#tell(words.undone(name));
    }), { class: "link" });
    this.#tell(words.saved(name), undo);
  }

  async #limit(limits) {
    await patch(`/queues/${encodeURIComponent(this.#queue.name)}`, limits);
    await this.#shared.figures.refresh("queues");
  }

  async #try(act) {
    say(this.#message, "");
    try {
      await act();
      await this.#shared.figures.refresh("queues");
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      say(this.#message, refusal.message);
    }
  }

  #tell(sentence, ...more) {
    this.#done.replaceChildren(element("span", {}, sentence), ...more);
  }
}
