/** What is known of a job in a few lines: whose it is, where it stands, when what happened, and what it is linked to. */

import { element } from "../common/dom.js";
import { to } from "../common/routes.js";
import { words } from "../words/admin_jobs.js";
import { copy } from "./job_args.js";
import { address } from "./job_query.js";
import { shortJob } from "./job_naming.js";
import { lasted, seconds, when } from "./moments.js";

export function factsOf(job) {
  const { members, facts } = words;
  const jobLink = (jobId) => element("a", { class: "link code", href: to("jobs", jobId), title: jobId }, shortJob(jobId));
  const first = job.attempts[0]?.startedAt ?? job.startedAt;
  const list = [
    [members.jobId, id(job.jobId, members.jobId)],
    [members.userId, element("a", { class: "link code", href: to("accounts", job.userId) }, job.userId), copy(job.userId, members.userId),
      element("a", { class: "link", href: address({ userId: job.userId }) }, words.theirJobs)],
    [members.kind, job.kind],
    [members.queue, job.queue],
    [members.plan, job.plan],
    [members.priority, words.priority(job.priority)],
    [facts.created, when(job.createdAt, { isLong: true })],
    job.status === "waiting" && job.runAt > job.createdAt && [facts.runAt, when(job.runAt, { isLong: true })],
    first && [facts.started, when(first, { isLong: true }), hint(words.waited(lasted(seconds(job.createdAt, first))))],
    job.startedAt > first && [facts.again, when(job.startedAt, { isLong: true }), hint(words.attempt(job.attempt))],
    job.finishedAt && [facts.finished, when(job.finishedAt, { isLong: true }), job.startedAt && hint(words.ran(lasted(seconds(job.startedAt, job.finishedAt))))],
    job.requeuedFrom && [facts.requeuedFrom, jobLink(job.requeuedFrom)],
    job.requeuedAs?.length > 0 && [facts.requeuedAs, ...job.requeuedAs.map(jobLink)],
  ];
  const lines = list.filter(Boolean).flatMap(([name, ...values]) => [element("dt", {}, name), element("dd", {}, ...values.filter(Boolean))]);
  return element("dl", { class: "facts job-facts" }, ...lines);
}

const hint = (text) => element("span", { class: "hint" }, text);
const id = (value, what) => element("span", {}, element("span", { class: "code" }, value), " ", copy(value, what));
