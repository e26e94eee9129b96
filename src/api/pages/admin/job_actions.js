/** What can be done to a job, which jobs it fits, and how it is asked for before it is done. */

import { element } from "../common/dom.js";
import { confirmed } from "../common/confirm.js";
import { words } from "../words/admin_jobs.js";
import { patch, post, remove } from "./calls.js";
import { isFinal, named } from "./job_naming.js";

const PRIORITIES = Array.from({ length: 10 }, (none, index) => 10 - index);
export const USUAL_PRIORITY = 5;

/** In the order in which they are offered. isDanger: it cannot be taken back. */
export const ACTIONS = {
  requeue: { fits: isFinal, key: "e" },
  cancel: { fits: (job) => !isFinal(job) && !job.cancelRequested, key: "c", isDanger: true },
  priority: { fits: (job) => job.status === "waiting", key: "p" },
  delete: { fits: isFinal, key: "#", isDanger: true },
};

export const fitting = (job) => Object.keys(ACTIONS).filter((action) => ACTIONS[action].fits(job));

const SENT = {
  requeue: (job) => post(`/jobs/${job.jobId}/requeue`),
  cancel: (job) => post(`/jobs/${job.jobId}/cancel`),
  priority: (job, priority) => patch(`/jobs/${job.jobId}`, { priority }),
  delete: (job) => remove(`/jobs/${job.jobId}`),
};

/** Asks where it must be asked, and does it. {text, made}: made is the new job's id; null: one thought better of it. */
export async function actOn(action, job) {
  const list = action === "priority" ? choice(job.priority) : null;
  const needsAsking = ACTIONS[action].isDanger || list !== null;
  const question = {
    title: words.ask[action](named(job)),
    text: words.consequence[action](words.inWords[job.status], job.status === "processing"),
    action: words.actions[action],
    isDanger: ACTIONS[action].isDanger,
    no: words.leave,
    inside: list ? [labelled(words.members.priority, list)] : [],
  };
  if (needsAsking && !(await confirmed(question))) return null;
  const answer = await SENT[action](job, list && Number(list.value));
  const made = action === "requeue" ? answer.jobId : null;
  return { text: words.did[action](named(job)), made };
}

/** A list of priorities, the highest first. */
export function choice(chosen = USUAL_PRIORITY) {
  const list = element("select", { id: "dialog-priority" });
  for (const value of PRIORITIES) list.append(element("option", { value }, words.priority(value)));
  list.value = String(chosen);
  return list;
}

export const labelled = (text, field, hint = null) =>
  element("div", { class: "field" }, element("label", { for: field.id }, text), field, hint && element("p", { class: "hint" }, hint));
