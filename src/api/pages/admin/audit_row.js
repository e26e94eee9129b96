/** One entry of the audit log: who did what to what, with which facts, and how it went. */

import { element } from "../common/dom.js";
import { whole } from "../common/format.js";
import { to } from "../common/routes.js";
import { words } from "../words/audit.js";
import { when } from "./moments.js";

const ID_SHOWN = 8;

export function auditRow(entry) {
  return element(
    "tr",
    { "data-entry": entry.id },
    element("td", {}, when(entry.at, { isLong: true })),
    element("td", {}, ...who(entry)),
    element("td", {}, words.actions[entry.action] ?? entry.action, element("div", { class: "name" }, target(entry.target))),
    element("td", { class: "wrap" }, facts(entry.facts)),
    element("td", { class: "wrap" }, ...outcome(entry.outcome)),
  );
}

function who({ userId, keyName = null }) {
  const address = to("audit", { userId });
  const link = element("a", { class: "link code", href: address, title: `${userId}: ${words.onlyBy}` }, userId.slice(0, ID_SHOWN));
  return keyName ? [link, element("div", { class: "hint" }, words.byKey(keyName))] : [link];
}

/** What it was done to, as a way there: "queue:backtest", "account:…", "job:…", or "jobs". */
function target(named) {
  const [kind, ...rest] = named.split(":");
  const id = rest.join(":");
  const address = { queue: to("queues"), account: to("accounts", id), job: to("jobs", id) }[kind];
  return id && address ? element("a", { class: "link code", href: address }, named) : element("span", { class: "code" }, named);
}

/** Members as "name: value"; what is inside of them by its whole path. */
function facts(members) {
  const list = element("dl", { class: "audit-facts" });
  for (const [name, value] of flat(members)) list.append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  return list.children.length ? list : "–";
}

function flat(members, prefix = "") {
  return Object.entries(members).flatMap(([name, value]) => {
    if (value === null) return [[`${prefix}${name}`, words.none]];
    if (typeof value === "object" && !Array.isArray(value)) return flat(value, `${prefix}${name}.`);
    return [[`${prefix}${name}`, shown(value)]];
  });
}

function shown(value) {
  if (Number.isInteger(value)) return whole(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** "done", "refused: why", "failed: what", or nothing for what was cut short. */
function outcome(said) {
  const [kind, ...why] = (said ?? "open").split(": ");
  const chip = element("span", { class: "chip", "data-outcome": kind }, words.outcomes[kind] ?? kind);
  return why.length ? [chip, element("div", { class: "hint", lang: "en" }, why.join(": "))] : [chip];
}
