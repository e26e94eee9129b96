/** What is known of the caller's jobs: the newest of everything heard, from whichever side it came. */

const STANDING = ["position", "positionAtLeast", "estimatedWaitTime", "reason"];
const MOST = 200;

export const isFinal = (job) => job.status === "completed" || job.status === "failed" || job.status === "cancelled";

export class Jobs {
  isOpen = false;
  #jobs = new Map();
  #calls;
  #userId = null;
  /** What was last told of those that have changed since, by id; undefined of new ones. */
  #untold = new Map();

  /**
   * calls: onChange(job, before), when a job is new (before undefined) or moved on; onTold(), after all that changed; onDrop(jobId), one that ended long ago is not kept any more;
   * onStranger(), a job came that is another user's: someone else is logged in by now.
   *
   * Fifty running jobs change hundreds of times a second: what there is to tell is told once a frame, the newest of each.
   */
  constructor(calls) {
    this.#calls = calls;
  }

  /** Takes what was heard. A seq that is behind is old news: streams, polls and answers overtake each other. */
  hear(job) {
    if (!this.isOpen) return;
    if (job.userId !== undefined && job.userId !== this.#userId) {
      this.#calls.onStranger();
      return;
    }
    const before = this.#jobs.get(job.jobId);
    if (before && (job.seq < before.seq || (job.seq === before.seq && job.status !== "waiting"))) return;
    this.#jobs.set(job.jobId, { ...standing(before, job), ...job });
    if (this.#untold.size === 0) requestAnimationFrame(() => this.tell());
    if (!this.#untold.has(job.jobId)) this.#untold.set(job.jobId, before);
  }

  /** Tells what has changed now, and not in the next frame. */
  tell() {
    if (this.#untold.size === 0) return;
    const untold = this.#untold;
    this.#untold = new Map();
    for (const [jobId, before] of untold) {
      const job = this.#jobs.get(jobId);
      if (job) this.#calls.onChange(job, before);
    }
    this.#calls.onTold();
    this.#drop();
  }

  /** Those that ended longest ago, when there are many more than are shown: a page stays open for weeks. */
  #drop() {
    if (this.#jobs.size < 2 * MOST) return;
    const oldest = [...this.#jobs.values()].filter(isFinal).sort((a, b) => (a.jobId < b.jobId ? -1 : 1));
    for (const { jobId } of oldest.slice(0, this.#jobs.size - MOST)) {
      this.#jobs.delete(jobId);
      this.#calls.onDrop(jobId);
    }
  }

  /** A job just sent, until the first is heard of it. */
  expect(jobId, facts) {
    if (!this.#jobs.has(jobId)) {
      this.hear({ status: "waiting", progress: 0, attempt: 0, priority: 5, ...facts, jobId, seq: -1 });
    }
  }

  /** A job that runs another once more; queued: the answer, which says where it stands. */
  expectAgain(jobId, before, queued) {
    const { symbol, strategyId, strategyName, startDate, endDate, initialCapital, timeframe, priority, kind, combinations } = before ?? {};
    const facts = { symbol, strategyId, strategyName, startDate, endDate, initialCapital, timeframe, priority, kind, combinations };
    const place = Object.fromEntries(STANDING.map((name) => [name, queued[name]]));
    this.expect(jobId, { createdAt: new Date().toISOString(), ...facts, ...place });
  }

  get = (jobId) => this.#jobs.get(jobId);
  forget = (jobId) => this.#jobs.delete(jobId);

  open(userId) {
    this.isOpen = true;
    this.#userId = userId;
  }

  /** Forgets everything, and answers that are still on their way. */
  close() {
    this.isOpen = false;
    this.#jobs.clear();
    this.#untold.clear();
  }

  /** Newest first: ids are ordered by time. */
  newest() {
    return [...this.#jobs.values()].sort((a, b) => (a.jobId < b.jobId ? 1 : -1)).slice(0, MOST);
  }

  unfinished() {
    return [...this.#jobs.values()].filter((job) => !isFinal(job)).map((job) => job.jobId);
  }
}

/** The place in line is told by answers alone; events leave it out, and it stays until the job starts. */
function standing(before, job) {
  if (before?.status !== "waiting" || job.status !== "waiting") return {};
  return Object.fromEntries(STANDING.filter((name) => name in before).map((name) => [name, before[name]]));
}
