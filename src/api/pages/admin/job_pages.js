/** Jobs found page by page, and kept up to date where somebody looks at them. Their order never changes by itself. */

import { get } from "./calls.js";
import { pageOf } from "./job_query.js";

export const PAGE = 50;
/** Short pages are followed until so many jobs were looked at, or so long. */
const FOLLOWED_JOBS = 200_000;
const FOLLOWED_MILLISECONDS = 5_000;
/** Rows that are asked for one by one in a round, because their page has them no more. */
const SINGLY = 8;

export class JobPages {
  jobs = new Map();
  /** By id: "gone" was deleted, "left" is not what was looked for any more. */
  marks = new Map();
  lookedAt = 0;
  newer = 0;
  readAs = null;
  isWhole = false;
  /** A page was short and had a next one: more were looked at than found. */
  isSparse = false;
  askedAt = null;
  #search = {};
  #pages = [];
  #cursor = null;

  /** Forgets what was found, and looks for something else. */
  open(search) {
    this.#search = search;
    this.jobs = new Map();
    this.marks = new Map();
    this.#pages = [];
    this.#cursor = this.askedAt = this.readAs = null;
    this.lookedAt = this.newer = 0;
    this.isWhole = this.isSparse = false;
  }

  /** The next jobs. Follows pages that are short; onStep is called after each. Throws Refusal. */
  async more(signal, onStep = () => {}) {
    const [until, enough] = [performance.now() + FOLLOWED_MILLISECONDS, this.jobs.size + PAGE];
    const most = this.lookedAt + FOLLOWED_JOBS;
    do {
      const cursor = this.#cursor;
      const page = await this.#ask(cursor, signal);
      this.#add(page, cursor);
      onStep();
    } while (!this.isWhole && this.jobs.size < enough && this.lookedAt < most && performance.now() < until);
  }

  /** Asks again for pages of which isSeen(ids) is true. Returns ids of jobs that changed; none once another was opened. */
  async refresh(isSeen, signal) {
    const asked = this.jobs;
    const changed = new Set();
    const missing = [];
    for (const page of this.#pages.filter((one, index) => index === 0 || isSeen(one.ids))) {
      const jobs = await this.#again(page, signal);
      if (asked !== this.jobs) return new Set();
      for (const job of jobs) this.#take(job, changed);
      const there = new Set(jobs.map(({ jobId }) => jobId));
      missing.push(...page.ids.filter((jobId) => !there.has(jobId) && this.#mayChange(jobId)));
    }
    await Promise.all(missing.slice(0, SINGLY).map((jobId) => this.#lookAt(jobId, changed, signal)));
    return changed;
  }

  /** What is on that page now. Jobs that came since push others out of the first: it is asked for from its first job on. */
  async #again(page, signal) {
    const { jobs } = await this.#ask(page.cursor, signal);
    if (page !== this.#pages[0]) return jobs;
    const last = jobs.findLastIndex(({ jobId }) => this.jobs.has(jobId));
    const before = last < 0 ? jobs : jobs.slice(0, last);
    this.newer = before.filter(({ jobId }) => !this.jobs.has(jobId)).length;
    if (this.newer === 0 || page.ids.length === 0) return jobs;
    return [...jobs, ...(await this.#ask(page.ids[0], signal)).jobs];
  }

  async #ask(cursor, signal) {
    const page = await get(pageOf(this.#search, { cursor, limit: PAGE }), signal);
    this.askedAt = new Date().toISOString();
    return page;
  }

  #add({ jobs, lookedAt, next, readAs = null }, cursor) {
    for (const job of jobs) this.jobs.set(job.jobId, job);
    this.lookedAt += lookedAt;
    this.readAs = readAs;
    this.#cursor = next && new URLSearchParams(next.split("?")[1]).get("cursor");
    this.isWhole = !this.#cursor;
    this.isSparse ||= !this.isWhole && jobs.length < PAGE;
    if (jobs.length > 0 || this.#pages.length === 0) this.#pages.push({ cursor, ids: jobs.map(({ jobId }) => jobId) });
  }

  #take(job, changed) {
    const before = this.jobs.get(job.jobId);
    if (!before) return;
    // A look that was answered later than a newer one tells what was.
    if (before.seq > job.seq) return;
    if (this.marks.delete(job.jobId) || JSON.stringify(before) !== JSON.stringify(job)) changed.add(job.jobId);
    this.jobs.set(job.jobId, job);
  }

  #mayChange(jobId) {
    const isFinal = this.jobs.get(jobId).finishedAt !== null;
    const mark = this.marks.get(jobId);
    return mark !== "gone" && !(isFinal && (mark === "left" || this.#isPushedOut(jobId)));
  }

  /** The first job of all is not on its own page once there are newer ones. */
  #isPushedOut = (jobId) => this.newer > 0 && jobId === this.#pages[0].ids[0];

  async #lookAt(jobId, changed, signal) {
    try {
      const { args, attempts, events, failure, ...job } = await get(`/jobs/${jobId}`, signal);
      this.#take(job, changed);
      if (!this.#isPushedOut(jobId)) this.#mark(jobId, "left", changed);
    } catch (refusal) {
      if (refusal.status !== 404) throw refusal;
      this.#mark(jobId, "gone", changed);
    }
  }

  #mark(jobId, mark, changed) {
    if (this.marks.get(jobId) === mark) return;
    this.marks.set(jobId, mark);
    changed.add(jobId);
  }
}
