/** A job's history as it was written down, the newest first, with who did it where anybody did. */

import { element } from "../common/dom.js";
import { to } from "../common/routes.js";
import { words } from "../words/admin_jobs.js";
import { shortened } from "./job_naming.js";
import { when } from "./moments.js";

export function eventsOf({ events }) {
  if (!events?.length) return element("p", { class: "hint" }, words.noEvents);
  return element("ol", { class: "events" }, ...events.toReversed().map(line));
}

/** "admin 1f2e…" and "user 1f2e…" over HTTP; else a name that somebody chose, or a role of the database. */
const ACCOUNT = /^(admin|user) ([0-9a-f-]{36})$/;

function who(actor) {
  const [, role, userId] = ACCOUNT.exec(actor) ?? [];
  if (!userId) return [element("span", { class: "code" }, actor)];
  const link = element("a", { class: "link code", href: to("accounts", userId), title: userId }, shortened(userId));
  return role === "admin" ? [words.anOperator, " ", link] : [link];
}

function line({ at, event, attempt, workerId, actor, reason }) {
  const facts = [
    attempt && words.attempt(attempt),
    workerId && words.byWorker(shortened(workerId)),
    reason,
  ].filter(Boolean).join(" · ");
  return element(
    "li",
    {},
    when(at, { isLong: true }),
    element("b", {}, words.events[event] ?? event),
    actor && element("span", {}, words.by, " ", ...who(actor)),
    facts && element("span", { class: "hint" }, facts),
  );
}
