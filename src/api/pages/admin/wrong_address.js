/** What an address asks for that cannot be, said in the reader's language: by name, and what may be said instead. */

import { words } from "../words/admin.js";
import { PLANS } from "./plans.js";
import { STATUSES } from "./job_query.js";

const KINDS = {
  status: (name) => words.wrong.oneOf(name, STATUSES.join(", ")),
  plan: (name) => words.wrong.oneOf(name, PLANS.join(", ")),
  cursor: words.wrong.page,
};
for (const name of ["jobId", "userId", "requeuedFrom"]) KINDS[name] = words.wrong.id;
for (const name of ["since", "until", "finishedSince", "finishedUntil"]) KINDS[name] = words.wrong.moment;

/** A sentence for each; none where the refusal is of something else. */
export const wrongInAddress = ({ status, details }) =>
  status === 400 ? details.map(({ path }) => (KINDS[path] ?? words.wrong.text)(path)) : [];

/** Why something that was asked for by address was not answered. */
export const whyNot = (refusal) => wrongInAddress(refusal).join(" ") || refusal.message;
