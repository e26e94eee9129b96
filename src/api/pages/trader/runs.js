/** The list of runs: newest first, each kept where it is while it moves on, one result open at a time. */

import { cancel, requeue } from "./calls.js";
import { find, say } from "../common/dom.js";
import { isFinal } from "./jobs.js";
import { Run } from "./run.js";
import { words as common } from "../words/common.js";
import { words } from "../words/desk.js";

export { title } from "./run.js";

const SHOWN = 8;

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

  constructor(jobs, calls) {
    this.#jobs = jobs;
    this.#calls = calls;
    find("runs-more").addEventListener("click", () => {
      this.#all = true;
      this.#arrange();
    });
    this.clear();
  }

  show(job) {
    let row = this.#rows.get(job.jobId);
    if (!row) {
      row = new Run(job, {
        onCancel: (jobId) => this.#cancel(jobId),
        onAgain: (jobId) => this.#again(jobId),
        onToggle: (jobId) => this.#toggle(jobId),
      });
      this.#rows.set(job.jobId, row);
      row.update(job);
      this.#place(row, job.jobId);
    } else {
      row.update(job);
    }
    if (job.jobId === this.#wanted && isFinal(job)) {
      this.#wanted = null;
      if (job.status === "completed") this.#openOnly(job.jobId);
    }
  }

  want(jobId) {
    this.#wanted = jobId;
    this.show(this.#jobs.get(jobId));
    // Where the ticket fills the screen, the run it made is below: go there.
    const { element } = this.#rows.get(jobId);
    if (element.getBoundingClientRect().bottom > window.innerHeight) find("runs").scrollIntoView();
  }

  /** All recent jobs are here: with nothing open yet, the newest result is shown, or that there is none. */
  settle() {
    say(find("runs-message"), "");
    if (this.#settled) return;
    this.#settled = true;
    const newest = this.#jobs.newest();
    const done = newest.find((job) => job.status === "completed");
    if (done && this.#open === null && this.#wanted === null) this.#openOnly(done.jobId);
    this.#arrange();
  }

  remove(jobId) {
    this.#rows.get(jobId)?.element.remove();
    this.#rows.delete(jobId);
    this.#arrange();
  }

  clear() {
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#open = this.#wanted = null;
    this.#all = this.#settled = false;
    this.#arrange();
  }

  #place(row, jobId) {
    const after = [...this.#list.children].find((one) => one.dataset.job < jobId);
    this.#list.insertBefore(row.element, after ?? null);
    this.#arrange();
  }

  /** Old runs that have ended are folded away until they are asked for. */
  #arrange() {
    const items = [...this.#list.children];
    for (const [index, item] of items.entries()) {
      const { jobId } = this.#jobs.get(item.dataset.job) ?? {};
      const folded = !this.#all && index >= SHOWN && jobId !== this.#open;
      item.hidden = folded && isFinal(this.#jobs.get(item.dataset.job) ?? {});
    }
    const hidden = items.some((item) => item.hidden);
    say(find("runs-more"), hidden ? words.showAll(items.length) : "");
    say(find("runs-empty"), items.length > 0 ? "" : this.#settled ? words.empty : common.loading);
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
    await this.#attempt(async () => this.#jobs.hear(await cancel(jobId)));
  }

  async #again(jobId) {
    await this.#attempt(async () => {
      const queued = await requeue(jobId);
      if (!this.#jobs.isOpen) return;
      const { symbol, strategyName, startDate, endDate, initialCapital, timeframe, priority } = this.#jobs.get(jobId);
      const { position, positionAtLeast, estimatedWaitTime, reason } = queued;
      this.#jobs.expect(queued.jobId, {
        symbol, strategyName, startDate, endDate, initialCapital, timeframe, priority,
        position, positionAtLeast, estimatedWaitTime, reason,
      });
      this.want(queued.jobId);
    });
  }

  async #attempt(action) {
    say(find("runs-message"), "");
    try {
      await action();
    } catch (refusal) {
      if (refusal.isUnauthorized) this.#calls.onUnauthorized();
      else say(find("runs-message"), refusal.message);
    }
  }
}
