/** Which jobs are meant: the same members in the address, in what the server is asked, and in a bulk action's filter. */

import { to } from "../common/routes.js";

/** In the order in which they are shown. */
export const MEMBERS = [
  "q", "status", "plan", "queue", "kind", "userId", "symbol", "strategy", "strategyId", "error", "since", "until",
  "finishedSince", "finishedUntil", "jobId", "requeuedFrom",
];

export const MAIN_STATUSES = ["waiting", "processing", "completed", "failed", "cancelled"];
export const PART_STATUSES = ["ready", "held", "scheduled", "retrying"];
export const STATUSES = [...MAIN_STATUSES, ...PART_STATUSES];

/** {member: value} of an address's query; what nobody knows there is left out. */
export const asked = (query) => picked((name) => query.get(name)?.trim());

/** A search with some members changed; null, undefined and "" take one away. */
export const changed = (search, changes) => picked((name) => (name in changes ? changes[name] : search[name]));

export const address = (search) => to("jobs", picked((name) => search[name]));

export const isSame = (one, other) => address(one) === address(other);

/** The server's address of a page of them. */
export function pageOf(search, { cursor, limit }) {
  const query = new URLSearchParams(picked((name) => search[name]));
  query.set("limit", limit);
  if (cursor) query.set("cursor", cursor);
  return `/jobs?${query}`;
}

function picked(value) {
  return Object.fromEntries(MEMBERS.map((name) => [name, value(name)]).filter(([, found]) => found));
}
