/** What is known of the caller's jobs: the newest of everything heard, from whichever side it came. */

const STANDING = ["position", "positionAtLeast", "estimatedWaitTime", "reason"];
const MOST = 200;

export const isFinal = (job) => job.status === "completed" || job.status === "failed" || job.status === "cancelled";

export class Jobs {
  isOpen = false;
  #jobs = new Map();
  #changed;

  /** changed(job, before): called when a job is new (before undefined) or moved on. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Takes what was heard. A seq that is behind is old news: streams, polls and answers overtake each other. */
  hear(job) {
    if (!this.isOpen) return;
    const before = this.#jobs.get(job.jobId);
    if (before && job.seq < before.seq) return;
    this.#jobs.set(job.jobId, { ...standing(before, job), ...job });
    this.#changed(this.#jobs.get(job.jobId), before);
  }

  /** A job just sent, until the first is heard of it. */
  expect(jobId, facts) {
    if (!this.#jobs.has(jobId)) {
      this.hear({ status: "waiting", progress: 0, attempt: 0, priority: 5, ...facts, jobId, seq: -1 });
    }
  }

  get = (jobId) => this.#jobs.get(jobId);
  forget = (jobId) => this.#jobs.delete(jobId);

  open() {
    this.isOpen = true;
  }

  /** Forgets everything, and answers that are still on their way. */
  close() {
    this.isOpen = false;
    this.#jobs.clear();
  }

  /** Newest first: ids are ordered by time. */
  newest() {
    return [...this.#jobs.values()].sort((a, b) => (a.jobId < b.jobId ? 1 : -1)).slice(0, MOST);
  }

  unfinished() {
    return this.newest().filter((job) => !isFinal(job)).map((job) => job.jobId);
  }
}

/** The place in line is told by single answers alone; events leave it out, and it stays until the job starts. */
function standing(before, job) {
  if (before?.status !== "waiting" || job.status !== "waiting") return {};
  return Object.fromEntries(STANDING.filter((name) => name in before).map((name) => [name, before[name]]));
}
