/** A run once more. One whose answer was lost is looked for before it is asked for again: nothing is run twice. */

import { serverNow } from "../common/clock.js";
import { recent, requeue } from "./calls.js";

/** An answer's Date, which the clock goes by, is whole seconds old. */
const CLOCK_MILLISECONDS = 3_000;
/** When it was asked for, of those that nobody knows of whether they arrived, by the id of the run they repeat. */
const unsure = new Map();

/** The queued job. Throws Refusal. */
export async function again(jobId) {
  const since = unsure.get(jobId) ?? serverNow() - CLOCK_MILLISECONDS;
  try {
    const arrived = unsure.has(jobId) && (await recent()).find((job) => job.requeuedFrom === jobId && Date.parse(job.createdAt) >= since);
    const queued = arrived || (await requeue(jobId));
    unsure.delete(jobId);
    return queued;
  } catch (refusal) {
    if (refusal.isUncertain) unsure.set(jobId, since);
    throw refusal;
  }
}
