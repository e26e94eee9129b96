/** Keys that lead somewhere: g and a letter for a view, / for the search, ? for what they are. Never while one types. */

import { button, element } from "../common/dom.js";
import { to } from "../common/routes.js";
import { words as common } from "../words/common.js";
import { words } from "../words/admin.js";
import { areOn, keys as ofJobs, switchKeys } from "./job_keys.js";

const SECOND_KEY_MILLISECONDS = 1_500;
const TYPING = "input, textarea, select, [contenteditable]";
/** The view of each letter after g. */
export const LETTERS = { o: "", j: "jobs", q: "queues", w: "workers", a: "accounts", l: "audit", d: "doctor" };

/** calls: isOpen(), whether anybody is in; seek(), to the search, which may be left to the view that is open. */
export function listen(calls) {
  let asked = -Infinity;
  document.addEventListener("keydown", (event) => {
    if (!calls.isOpen() || isElsewhere(event)) return;
    if (event.key === "?") help();
    if (!areOn()) return;
    const view = LETTERS[event.key];
    const leads = view !== undefined && event.timeStamp - asked < SECOND_KEY_MILLISECONDS;
    if (leads) location.hash = to(view);
    else if (event.key !== "g" && !(event.key === "/" && calls.seek())) return;
    asked = event.key === "g" ? event.timeStamp : -Infinity;
    event.preventDefault();
  });
}

/** Keys that are typed into something, held with another, or meant for an open dialog. */
function isElsewhere(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true;
  return event.target.closest?.(TYPING) || document.querySelector("dialog[open]");
}

/** What the keys are, and a way to have none: some press letters without meaning to. */
export function help() {
  const on = element("input", { type: "checkbox", id: "keys-on" });
  on.checked = areOn();
  on.addEventListener("change", () => switchKeys(on.checked));
  const dialog = element(
    "dialog",
    { "aria-labelledby": "keys-title", class: "keys" },
    element("h2", { id: "keys-title" }, words.keys),
    list([...leading(), [["/"], words.seek], [["?"], words.keys]]),
    element("h3", {}, words.keysOfJobs),
    list(ofJobs),
    element("label", { class: "check" }, on, words.keysOn),
    element("div", { class: "dialog-actions" }, button(common.close, () => dialog.close(), { class: "primary" })),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

const leading = () => Object.entries(LETTERS).map(([letter, view]) => [["g", letter], words[view || "overview"]]);

function list(keys) {
  const pairs = keys.flatMap(([pressed, does]) => [
    element("dt", {}, ...pressed.map((key) => element("kbd", {}, key))),
    element("dd", {}, does),
  ]);
  return element("dl", { class: "facts" }, ...pairs);
}
