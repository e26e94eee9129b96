/** Above the table: how many jobs are shown, newer ones that may be shown, and what can be done to the chosen or to all. */

import { button, element, say } from "../common/dom.js";
import { whole } from "../common/format.js";
import { words } from "../words/admin_jobs.js";
import { ACTIONS } from "./job_actions.js";
import { openMenu } from "./menu.js";

export class JobBar {
  element;
  #says = element("p", { class: "jobs-says", role: "status" });
  #newer;
  #chosen = element("p", { class: "jobs-chosen" });
  #buttons;
  #all;

  /** calls: onNewer(), onClear(), onMany(action, isSelection). */
  constructor(calls) {
    this.#newer = button("", calls.onNewer, { class: "jobs-newer", hidden: true });
    const actions = Object.keys(ACTIONS).map((action) =>
      button(words.actions[action], () => calls.onMany(action, true), { class: ACTIONS[action].isDanger ? "danger" : null }),
    );
    const clear = button(words.chooseNone, calls.onClear, { class: "link" });
    this.#buttons = element("div", { class: "jobs-selection", role: "group", "aria-label": words.onSelection, hidden: true }, this.#chosen, ...actions, clear);
    this.#all = button(words.allThatMatch, () => openMenu(this.#all, words.allThatMatch, this.#items(calls)), {
      class: "jobs-all", "aria-haspopup": "menu", "aria-expanded": "false",
    });
    this.element = element("div", { class: "jobs-bar" }, this.#says, this.#newer, this.#all, this.#buttons);
  }

  say(text) {
    say(this.#says, text);
  }

  newer(jobs, isMore) {
    say(this.#newer, jobs > 0 ? words.newer(whole(jobs), isMore) : "");
  }

  /** mayChange: read-only operators are offered nothing. */
  offer({ chosen, found, mayChange }) {
    this.#chosen.textContent = words.chosen(whole(chosen));
    this.#buttons.hidden = chosen === 0 || !mayChange;
    this.#all.hidden = found === 0 || chosen > 0 || !mayChange;
  }

  #items(calls) {
    return Object.keys(ACTIONS).map((action) => ({
      text: words.allActions[action], act: () => calls.onMany(action, false), isDanger: ACTIONS[action].isDanger,
    }));
  }
}
