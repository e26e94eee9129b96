/** What is done to the job that one stands on, to those that are selected, or to all that match. */

import { words as common } from "../words/common.js";
import { words } from "../words/admin_jobs.js";
import { whole } from "../common/format.js";
import { ACTIONS, actOn, fitting } from "./job_actions.js";
import { actOnMany } from "./job_bulk.js";
import { named } from "./job_naming.js";
import { MEMBERS } from "./job_query.js";
import { openMenu } from "./menu.js";
import { Outcome } from "./outcome.js";

export class ListActions {
  #shared;
  #list;
  #outcome;

  /** list: table, selection, searched() what is looked for, onSearch(search), onDone() after anything was done. */
  constructor(shared, list) {
    this.#shared = shared;
    this.#list = list;
    this.#outcome = new Outcome();
  }

  get element() {
    return this.#outcome.element;
  }

  clear() {
    this.#outcome.clear();
  }

  /** Of each action, what its key does. */
  keys() {
    return Object.fromEntries(Object.entries(ACTIONS).map(([action, { key }]) => [key, () => this.#onCurrent(action)]));
  }

  menu(row) {
    const { job } = row;
    const actions = this.#shared.mayChange && row.mark !== "gone" ? fitting(job) : [];
    openMenu(row.menu, words.actionsOn(named(job)), [
      { text: words.open, act: () => row.link.click() },
      { text: words.ofThisUser, act: () => this.#list.onSearch({ userId: job.userId }) },
      ...actions.map((action) => ({ text: words.actions[action], act: () => this.#on(action, row), isDanger: ACTIONS[action].isDanger })),
    ]);
  }

  /** One at a time: while one goes on, whoever asks for another is led to it. */
  async onMany(action, isSelection) {
    if (this.#outcome.isAtWork) {
      this.#outcome.focus();
      return;
    }
    const { selection, searched, onDone } = this.#list;
    const chosen = [...selection.ids];
    const what = isSelection ? words.theChosen(words.jobs(whole(chosen.length))) : words.described(inWords(searched()));
    const filter = isSelection ? { jobIds: chosen } : searched();
    const done = await this.#outcome.of(actOnMany(action, filter, what));
    if (done && isSelection) selection.clear();
    onDone();
  }

  #onCurrent(action) {
    if (!this.#shared.mayChange) return;
    const { selection, table } = this.#list;
    if (selection.ids.size > 0) this.onMany(action, true);
    else if (table.current) this.#on(action, table.current);
  }

  async #on(action, row) {
    if (row.mark === "gone" || !ACTIONS[action].fits(row.job)) {
      this.#outcome.tell({ text: words.doesNotFit[action](named(row.job)), isWorry: true });
      return;
    }
    await this.#outcome.of(() => actOn(action, row.job));
    row.link.focus({ preventScroll: true });
    this.#list.onDone();
  }
}

/** What is looked for, each member by its name. */
function inWords(search) {
  return MEMBERS.filter((name) => search[name]).map((name) => {
    const value = search[name];
    return `${words.members[name]} “${name === "status" ? (common.status[value] ?? words.states[value] ?? value) : value}”`;
  });
}
