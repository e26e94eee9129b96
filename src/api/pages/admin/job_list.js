/** Jobs found among very many: what is looked for, what was found, and what is done to some or to all of it. */

import { button, element } from "../common/dom.js";
import { clock, whole } from "../common/format.js";
import { words as common } from "../words/common.js";
import { words } from "../words/admin_jobs.js";
import { JobBar } from "./job_bar.js";
import { JobFilters } from "./job_filters.js";
import { failure, found, nothing } from "./job_findings.js";
import { ListActions } from "./job_list_actions.js";
import { PAGE, JobPages } from "./job_pages.js";
import { address, isSame } from "./job_query.js";
import { Selection } from "./job_selection.js";
import { JobTable } from "./job_table.js";
import { Repeat } from "./repeat.js";

const SLOW_MILLISECONDS = 1_000;
const TICK_MILLISECONDS = 1_000;

export class JobList {
  element = element("section", { class: "page jobs" });
  search = null;
  #shared;
  #pages = new JobPages();
  #filters;
  #bar;
  #table;
  #acting;
  #state = element("div", { class: "jobs-state" });
  #more = button("", () => this.#goOn(), { class: "jobs-more", hidden: true });
  #selection = new Selection(() => this.#showChosen());
  #refreshing;
  #life = null;
  #isLooking = false;
  #isOld = false;
  #trouble = null;
  #ends = [];

  constructor(shared) {
    this.#shared = shared;
    this.#filters = new JobFilters(shared.figures, { onSearch: (search) => this.#go(search) });
    this.#bar = new JobBar({
      onNewer: () => this.#begin(),
      onClear: () => this.#selection.clear(),
      onMany: (action, isSelection) => this.#acting.onMany(action, isSelection),
    });
    this.#table = new JobTable({
      onChoose: (jobId, isChosen, isRange) => this.#selection.choose(jobId, isChosen, { ordered: this.#table.ids, isRange }),
      onChooseAll: (isChosen) => this.#selection.chooseAll(this.#table.ids, isChosen),
      onMenu: (row) => this.#acting.menu(row),
    });
    this.#acting = new ListActions(shared, {
      table: this.#table,
      selection: this.#selection,
      searched: () => this.search,
      onSearch: (search) => this.#go(search),
      onDone: () => this.#refreshing.now(),
    });
    this.#refreshing = new Repeat((signal) => this.#refresh(signal));
    const heading = element("h2", { tabindex: "-1" }, words.title);
    const results = element("div", { class: "card jobs-found" }, element("div", { class: "scroll" }, this.#table.element), this.#state);
    this.element.append(heading, this.#filters.element, this.#acting.element, this.#bar.element, results, this.#more);
  }

  /** What was found before is still there for whoever comes back to it, and is asked for again. */
  enter(search) {
    this.element.classList.toggle("is-read-only", !this.#shared.mayChange);
    this.#filters.show(search);
    const isOther = this.search === null || !isSame(search, this.search);
    this.search = search;
    if (this.#ends.length === 0) this.#watch();
    if (isOther || this.#trouble) this.#begin();
    else this.#showAll();
    this.#refreshing.start();
  }

  leave() {
    for (const end of this.#ends) end();
    this.#ends = [];
    this.#refreshing.stop();
  }

  clear() {
    this.leave();
    this.#life?.abort();
    this.#life = this.search = this.#trouble = null;
    this.#isLooking = this.#isOld = false;
    this.#pages.open({});
    this.#filters.show({});
    this.#bar.say("");
    this.#bar.newer(0);
    this.#state.replaceChildren();
    this.#table.clear();
    this.#selection.clear();
    this.#acting.clear();
  }

  focusBox() {
    this.#filters.focus();
  }

  /** The row that one came from. */
  focusRow(jobId) {
    this.#table.focus(jobId);
  }

  /** Keys, while the list is shown. */
  acts() {
    const open = () => this.#table.current?.link.click();
    return { ...this.#acting.keys(), j: () => this.#step(), k: () => this.#table.move(-1), x: () => this.#toggle(), o: open, "/": () => this.focusBox() };
  }

  /** {before, after, at, shown} of a job among those that were found; null when it is not among them. */
  async around(jobId) {
    let shown = this.#table.ids;
    const at = shown.indexOf(jobId);
    if (at < 0) return null;
    if (at === shown.length - 1 && !this.#pages.isWhole) {
      await this.#goOn();
      shown = this.#table.ids;
    }
    return { before: shown[at - 1] ?? null, after: shown[at + 1] ?? null, at: at + 1, shown: shown.length };
  }

  #watch() {
    const { figures } = this.#shared;
    const beat = setInterval(() => document.hidden || this.#table.tick(), TICK_MILLISECONDS);
    this.#ends = [
      figures.on("stats", () => this.#filters.count()),
      figures.on("queues", () => this.#filters.queues()),
      figures.on("workers", ({ workers }) => this.#progress(workers)),
      () => clearInterval(beat),
    ];
  }

  #go(search) {
    if (isSame(search, this.search)) this.#begin();
    else location.hash = address(search);
  }

  async #begin() {
    this.#life?.abort();
    this.#life = new AbortController();
    this.#pages.open(this.search);
    this.#selection.clear();
    this.#table.wait();
    await this.#look();
  }

  async #goOn() {
    if (this.#isLooking) return;
    const last = this.#table.ids.at(-1);
    const hadFocus = document.activeElement === this.#more;
    await this.#look();
    const shown = this.#table.ids;
    // The button may be gone: the focus goes to the first job that is new.
    if (hadFocus) this.#table.focus(shown[shown.indexOf(last) + 1] ?? last);
  }

  async #look() {
    const life = this.#life;
    this.#isLooking = true;
    this.#trouble = null;
    this.#showState();
    const slow = setTimeout(() => this.#sayLooking(life), SLOW_MILLISECONDS);
    try {
      await this.#pages.more(life.signal, () => life === this.#life && this.#showFound());
    } catch (refusal) {
      if (life !== this.#life) return;
      this.#trouble = refusal;
    } finally {
      clearTimeout(slow);
    }
    if (life !== this.#life) return;
    this.#isLooking = false;
    this.#showAll();
  }

  #sayLooking(life) {
    if (life === this.#life && this.#isLooking) this.#bar.say(words.looking(whole(this.#pages.lookedAt)));
  }

  async #refresh(signal) {
    if (this.#isLooking || this.#trouble) return;
    const life = this.#life;
    const changed = await this.#pages.refresh(this.#table.isSeen, signal).catch((refusal) => this.#sayOld(refusal, signal));
    if (life !== this.#life) return;
    this.#table.show(this.#pages.jobs, this.#pages.marks, changed);
    this.#bar.newer(this.#pages.newer, this.#pages.newer >= PAGE);
    if (this.#isOld) this.#showState();
    this.#isOld = false;
  }

  /** What is shown was not confirmed: since when is said until it is. */
  #sayOld(refusal, signal) {
    if (!signal.aborted && this.#pages.askedAt) {
      this.#isOld = true;
      this.#bar.say(words.asOf(clock(this.#pages.askedAt)));
    }
    throw refusal;
  }

  /** Of running jobs, from what workers say each second. */
  #progress(workers) {
    for (const { running } of workers) {
      for (const slot of running) {
        const row = this.#table.rows.get(slot.jobId);
        if (row && row.job.attempt === slot.attempt && slot.progress >= row.job.progress) row.progress(slot);
      }
    }
  }

  #showAll() {
    this.#showFound();
    this.#showState();
    this.#showChosen();
  }

  #showFound() {
    if (this.#pages.jobs.size > 0 || !this.#isLooking) this.#table.show(this.#pages.jobs, this.#pages.marks);
    this.#bar.newer(this.#pages.newer, this.#pages.newer >= PAGE);
  }

  #showState() {
    this.element.setAttribute("aria-busy", this.#isLooking);
    this.#more.hidden = this.#pages.isWhole || this.#isLooking || this.#trouble !== null;
    this.#more.textContent = this.#pages.jobs.size === 0 ? words.goOnLooking : common.more;
    if (this.#isLooking) {
      this.#state.replaceChildren();
      return;
    }
    if (this.#trouble && this.#pages.jobs.size === 0) this.#table.clear();
    const again = () => (this.#pages.jobs.size > 0 ? this.#look() : this.#begin());
    const instead = this.#trouble ? failure(this.#trouble, this.search, { askedAt: this.#pages.askedAt, again }) : nothing(this.#pages, this.search);
    this.#state.replaceChildren(...(instead ? [instead] : []));
    this.#bar.say(this.#trouble ? "" : found(this.#pages, this.search, this.#shared.figures.newest("stats")));
  }

  #showChosen() {
    const { ids } = this.#selection;
    this.#table.choose(ids);
    this.#bar.offer({ chosen: ids.size, found: this.#pages.jobs.size, mayChange: this.#shared.mayChange });
  }

  async #step() {
    if (this.#table.move(1) || this.#pages.isWhole || this.#isLooking) return;
    await this.#goOn();
    this.#table.move(1);
  }

  #toggle() {
    const jobId = this.#table.current?.job.jobId;
    if (jobId && this.#shared.mayChange) this.#selection.choose(jobId, !this.#selection.ids.has(jobId));
  }
}
