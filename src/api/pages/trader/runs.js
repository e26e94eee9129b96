/** The list of runs: newest first, each kept where it is while it moves on, one result open at a time. */

import { again } from "./again.js";
import { cancel } from "./calls.js";
import { confirmed } from "../common/confirm.js";
import { find, say } from "../common/dom.js";
import { keepingFocus } from "../common/focus.js";
import { whole } from "../common/format.js";
import { to } from "../common/routes.js";
import { isFinal } from "./jobs.js";
import { Run } from "./run.js";
import { words as common } from "../words/common.js";
import { words } from "../words/desk.js";

const SHOWN = 8;
/** Older ones are in the history. */
const MOST_ROWS = 200;
const COUNT_DOWN_MILLISECONDS = 1_000;
/** So many cancels are under way at a time: a browser has six connections. */
const CANCELS_AT_ONCE = 3;

export class Runs {
  #jobs;
  #calls;
  #rows = new Map();
  #list = find("run-list");
  #all = false;
  #open = null;
  /** The run just sent: its result opens by itself. */
  #wanted = null;
  #settled = false;
  /** The ids of those to compare, two at most. */
  #picked = [];

  constructor(jobs, calls) {
    this.#jobs = jobs;
    this.#calls = calls;
    find("runs-more").addEventListener("click", () => this.#unfold());
    find("cancel-all").addEventListener("click", () => this.#cancelAll());
    find("unpick").addEventListener("click", () => keepingFocus(() => this.#pickOnly([]), () => find("runs")));
    setInterval(() => this.#countDown(), COUNT_DOWN_MILLISECONDS);
    this.clear();
  }

  show(job) {
    let row = this.#rows.get(job.jobId);
    if (!row) {
      row = new Run(job, {
        onCancel: (jobId) => this.#cancel(jobId),
        onAgain: (jobId) => this.#again(jobId),
        onToggle: (jobId) => this.#toggle(jobId),
        onPick: (jobId, is) => this.#pick(jobId, is),
      });
      this.#rows.set(job.jobId, row);
      this.#place(row, job.jobId);
    }
    row.update(job);
    this.#openWanted(job);
  }

  want(jobId) {
    this.#wanted = jobId;
    this.#jobs.tell();
    // A short run was shown as ended before the answer came that it was taken.
    this.#openWanted(this.#jobs.get(jobId));
    // Where the ticket fills the screen, the run it made is below: go there.
    const element = this.#rows.get(jobId)?.element;
    if (element?.getBoundingClientRect().bottom > window.innerHeight) find("runs").scrollIntoView();
  }

  #openWanted(job) {
    if (job.jobId !== this.#wanted || !isFinal(job)) return;
    this.#wanted = null;
    if (job.status === "completed") this.#openOnly(job.jobId);
  }

  /** All recent jobs are here: with nothing open yet, the newest result is shown, or that there is none. */
  settle() {
    say(find("runs-message"), "");
    if (this.#settled) return;
    this.#settled = true;
    const newest = this.#jobs.newest();
    const done = newest.find((job) => job.status === "completed");
    if (done && this.#open === null && this.#wanted === null) this.#openOnly(done.jobId);
    this.arrange();
  }

  remove(jobId) {
    keepingFocus(() => this.#rows.get(jobId)?.element.remove(), () => find("runs"));
    this.#rows.delete(jobId);
    this.#pickOnly(this.#picked.filter((one) => one !== jobId));
    this.arrange();
  }

  clear() {
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#open = this.#wanted = null;
    this.#all = this.#settled = false;
    this.#pickOnly([]);
    this.arrange();
  }

  #place(row, jobId) {
    const after = [...this.#list.children].find((one) => one.dataset.job < jobId);
    this.#list.insertBefore(row.element, after ?? null);
  }

  /** After changes: old runs that have ended are folded away until they are asked for, and very old ones let go. */
  arrange() {
    const items = [...this.#list.children];
    for (const item of items.splice(MOST_ROWS)) {
      item.remove();
      this.#rows.delete(item.dataset.job);
    }
    const held = document.activeElement?.closest(".run");
    for (const [index, item] of items.entries()) {
      const jobId = item.dataset.job;
      const isHeld = jobId === this.#open || item === held;
      const folded = !this.#all && index >= SHOWN && !isHeld;
      item.hidden = folded && isFinal(this.#jobs.get(jobId) ?? {});
    }
    const unfinished = this.#jobs.unfinished().length;
    const cancels = unfinished > 1 ? words.cancelAll(whole(unfinished)) : "";
    if (find("cancel-all").textContent !== cancels) keepingFocus(() => say(find("cancel-all"), cancels), () => find("runs"));
    const hidden = items.some((item) => item.hidden);
    say(find("runs-more"), hidden ? words.showAll(items.length) : "");
    // All at once and with the newest result open: rows that a stream was quicker to tell of would jump out of its way.
    this.#list.hidden = !this.#settled && this.#wanted === null;
    say(find("runs-empty"), items.length > 0 && !this.#list.hidden ? "" : this.#settled ? words.empty : common.loading);
  }

  /** The keys go on where the rows do that were folded away. */
  #unfold() {
    const first = [...this.#list.children].find((item) => item.hidden);
    this.#all = true;
    keepingFocus(() => this.arrange(), () => first?.querySelector("button:enabled"));
  }

  #toggle(jobId) {
    if (this.#open === jobId) this.#shut();
    else this.#openOnly(jobId);
  }

  #openOnly(jobId) {
    this.#shut();
    this.#open = jobId;
    this.#rows.get(jobId)?.open();
  }

  #shut() {
    this.#rows.get(this.#open)?.shut();
    this.#open = null;
  }

  async #cancel(jobId) {
    await this.#attempt(async () => {
      this.#jobs.hear(await cancel(jobId));
      this.#calls.onSpent();
    });
  }

  async #again(jobId) {
    await this.#attempt(async () => {
      const queued = await again(jobId);
      if (!this.#jobs.isOpen) return;
      this.#jobs.expectAgain(queued.jobId, this.#jobs.get(jobId), queued);
      this.want(queued.jobId);
      // Its result opens above, and would push out of sight what was pressed.
      if (this.#rows.get(jobId)?.element.contains(document.activeElement)) this.#rows.get(queued.jobId)?.focus();
      this.#calls.onSpent();
    });
  }

  async #cancelAll() {
    const jobIds = this.#jobs.unfinished();
    const action = words.cancelAll(whole(jobIds.length));
    if (!(await confirmed({ title: words.cancelAllTitle(whole(jobIds.length)), text: words.cancelAllText, action, isDanger: true }))) return;
    const one = async () => {
      for (let jobId = jobIds.shift(); jobId !== undefined; jobId = jobIds.shift()) {
        if (!isFinal(this.#jobs.get(jobId) ?? { status: "cancelled" })) await this.#cancel(jobId);
      }
    };
    await Promise.all(Array.from({ length: CANCELS_AT_ONCE }, one));
  }

  #countDown() {
    if (document.hidden) return;
    for (const row of this.#rows.values()) if (row.isCountingDown) row.tick();
  }

  /** A third one takes the place of the first. */
  #pick(jobId, is) {
    const others = this.#picked.filter((one) => one !== jobId);
    this.#pickOnly(is ? [...others, jobId].slice(-2) : others);
  }

  #pickOnly(jobIds) {
    for (const jobId of this.#picked) this.#rows.get(jobId)?.pick(false);
    for (const jobId of jobIds) this.#rows.get(jobId)?.pick(true);
    this.#picked = jobIds;
    find("picked").hidden = jobIds.length === 0;
    if (jobIds.length === 0) return;
    say(find("picked-text"), jobIds.length === 1 ? words.pickAnother : words.pickedTwo);
    const link = find("compare-link");
    link.hidden = jobIds.length !== 2;
    // The older one stands to the left.
    if (jobIds.length === 2) link.href = to("compare", ...jobIds.toSorted());
  }

  async #attempt(action) {
    say(find("runs-message"), "");
    try {
      await action();
    } catch (refusal) {
      say(find("runs-message"), refusal.message);
    }
  }
}
