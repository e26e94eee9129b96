/** What a job is called and how it stands, in words: the same in a row, in a dialog and at the head of its own view. */

import { element } from "../common/dom.js";
import { span } from "../common/format.js";
import { words as common } from "../words/common.js";
import { words } from "../words/admin_jobs.js";

export const isFinal = (job) => job.finishedAt !== null;

export const named = (job) => [job.symbol, job.strategyName].filter(Boolean).join(" · ") || job.kind;

/** The beginning of an id: enough to tell users, or workers, apart by eye. */
export const shortened = (id) => id.slice(0, 8);
/** Ids of jobs begin with the time to a millisecond: less of one would be that of its neighbours too. */
export const shortJob = (jobId) => jobId.slice(0, 13);

/** Waiting says why it waits; running says when it was asked to stop. */
export function standing(job, mark = null) {
  if (mark === "gone") return words.gone;
  if (job.status === "processing") return job.cancelRequested ? words.stopping : common.status.processing;
  if (job.retrying) return words.states.retrying;
  return words.states[job.state] ?? common.status[job.status] ?? job.status;
}

export function chip(job, mark = null) {
  return element("span", { class: "chip", "data-status": mark === "gone" ? "gone" : job.status }, standing(job, mark));
}

/** A worker's words for its step, in the page's language where they are known. */
export const step = ({ stepCode, currentStep }) => common.steps[stepCode ?? "starting"] ?? currentStep ?? stepCode;

/** Why a waiting job waits, and for how long yet, as far as anybody can say. */
export function place({ state, position, positionAtLeast, estimatedWaitTime, reason, retrying }) {
  const said = [
    retrying ? words.states.retrying : words.states[state],
    position && words.position(position),
    positionAtLeast && words.farBack(positionAtLeast),
    Number.isFinite(estimatedWaitTime) && words.startsIn(span(estimatedWaitTime)),
    reason && (words.standstill[reason] ?? reason),
  ];
  return said.filter(Boolean).join(" · ");
}

export const firstLine = (text) => (text ?? "").split("\n", 1)[0];
