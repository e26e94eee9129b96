/** All of one's runs, by what one is looking for: filters in the address, the newest first, more on demand. */

import { again } from "./again.js";
import { history } from "./calls.js";
import { Filters } from "./filters.js";
import { HistoryRow } from "./history_row.js";
import { button, element, say } from "../common/dom.js";
import { keepingFocus } from "../common/focus.js";
import { to } from "../common/routes.js";
import { words as common } from "../words/common.js";
import { words } from "../words/desk.js";

const PAGE = 50;
/** A page looks at so many jobs that it may be empty and not the last: ask on, but not without end. */
const MOST_PAGES_AT_ONCE = 5;

export class HistoryView {
  element = element("section", { class: "page history" });
  #shared;
  #heading = element("h2", { tabindex: "-1" }, words.history);
  #filters = new Filters((asked) => this.#load(asked));
  #rows = new Map();
  #body = element("tbody", {});
  #table;
  #message = element("p", { class: "notice", role: "alert", hidden: true });
  #retry = button(common.tryAgain, () => this.#more(), { hidden: true });
  #empty = element("p", { class: "empty", hidden: true });
  #moreButton = button(common.more, () => this.#more(), { class: "quiet", hidden: true });
  #picked = [];
  #compare = element("a", { class: "button" });
  /** Of the list that is shown now: what was asked for, and where it goes on. */
  #asked = null;
  #next = null;
  #life = null;

  constructor(shared) {
    this.#shared = shared;
    const heads = ["", ...words.historyColumns, ""].map((name, at) =>
      element("th", { scope: "col", class: at >= 4 && at <= 6 ? "number" : null }, name || element("span", { class: "unseen" }, at === 0 ? words.select : words.actions)));
    this.#table = element("table", { class: "history-table" }, element("caption", { class: "unseen" }, words.history), element("thead", {}, element("tr", {}, ...heads)), this.#body);
    this.element.append(
      element("div", { class: "page-head" }, this.#heading, this.#compare),
      this.#filters.element,
      element("div", { class: "card sheet" }, this.#table, this.#empty, this.#message, this.#retry),
      this.#moreButton,
    );
  }

  title = () => `${words.history} · ${common.product}`;

  enter(_, query) {
    this.#filters.show(query);
    this.#load(this.#filters.asked);
  }

  leave() {
    this.#life?.abort();
    this.#asked = null;
  }

  clear() {
    this.leave();
    this.#empties();
  }

  /** Rows that are shown move on; a new one that fits is put on top. */
  hear(job) {
    if (this.#asked === null) return;
    const row = this.#rows.get(job.jobId);
    if (row) row.show(job);
    else if (job.seq >= 0 && this.#isNewest(job) && this.#filters.fits(job)) this.#add(job, { onTop: true });
  }

  forget(jobId) {
    this.#rows.get(jobId)?.element.remove();
    this.#rows.delete(jobId);
    this.#pick(jobId, false);
  }

  async #load(asked) {
    this.#life?.abort();
    this.#life = new AbortController();
    this.#empties();
    this.#asked = asked;
    this.#next = `${asked}${asked ? "&" : ""}standing=1&limit=${PAGE}`;
    await this.#more();
  }

  async #more() {
    const { signal } = this.#life;
    this.#busy(true);
    try {
      const before = this.#rows.size;
      for (let pages = 0; this.#next !== null && this.#rows.size === before && pages < MOST_PAGES_AT_ONCE; pages += 1) {
        const { jobs, next } = await history(this.#next, signal);
        if (signal.aborted) return;
        this.#next = next === null ? null : next.split("?")[1];
        for (const job of jobs) this.#add(job, { onTop: false });
      }
      this.#busy(false);
    } catch (refusal) {
      if (signal.aborted) return;
      this.#busy(false, refusal);
    }
  }

  #busy(is, refusal = null) {
    const count = this.#rows.size;
    this.#table.setAttribute("aria-busy", is);
    this.#table.hidden = count === 0;
    say(this.#message, refusal ? words.historyLost(refusal.message) : "");
    keepingFocus(() => (this.#retry.hidden = refusal === null), () => this.#heading);
    const none = this.#filters.isEmpty ? words.historyEmpty : words.nothingFits;
    say(this.#empty, count > 0 || refusal ? "" : is ? common.loading : this.#next ? words.lookOn : none);
    keepingFocus(() => (this.#moreButton.hidden = this.#next === null || refusal !== null), () => (refusal ? this.#retry : this.#heading));
    this.#moreButton.textContent = is ? common.loading : common.more;
  }

  #add(job, { onTop }) {
    if (this.#rows.has(job.jobId)) return;
    const row = new HistoryRow(job, { onPick: (is) => this.#pick(job.jobId, is), onAgain: () => this.#again(job.jobId) });
    this.#rows.set(job.jobId, row);
    if (onTop) this.#body.prepend(row.element);
    else this.#body.append(row.element);
    if (onTop) this.#busy(false);
  }

  #isNewest({ jobId }) {
    const first = this.#body.firstElementChild?.dataset.job;
    return first === undefined ? this.#table.getAttribute("aria-busy") !== "true" : jobId > first;
  }

  #empties() {
    this.#rows.clear();
    this.#body.replaceChildren();
    this.#picked = [];
    this.#showPicked();
  }

  /** Two at most: a third takes the place of the first. */
  #pick(jobId, is) {
    const others = this.#picked.filter((one) => one !== jobId);
    const picked = is ? [...others, jobId].slice(-2) : others;
    for (const one of this.#picked) this.#rows.get(one)?.pick(picked.includes(one));
    this.#picked = picked;
    this.#showPicked();
  }

  #showPicked() {
    const isReady = this.#picked.length === 2;
    this.#compare.classList.toggle("primary", isReady);
    this.#compare.setAttribute("aria-disabled", !isReady);
    this.#compare.textContent = isReady ? words.compareTwo : words.selectTwo;
    if (isReady) this.#compare.href = to("compare", ...this.#picked.toSorted());
    else this.#compare.removeAttribute("href");
  }

  async #again(jobId) {
    say(this.#message, "");
    try {
      const queued = await again(jobId);
      this.#shared.jobs.expectAgain(queued.jobId, this.#rows.get(jobId)?.job, queued);
      this.#shared.allowance.refresh();
      this.#shared.announce(words.queuedAgain);
    } catch (refusal) {
      say(this.#message, refusal.message);
    }
  }
}
