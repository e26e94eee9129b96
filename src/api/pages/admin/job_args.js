/** What a job was asked to do: its rules as one reads them, and all of it as it was given. */

import { button, element } from "../common/dom.js";
import { words as common } from "../words/common.js";
import { words } from "../words/admin_jobs.js";

const RULES = ["entryLong", "exitLong", "entryShort", "exitShort"];
const COPIED_MILLISECONDS = 1_500;

export function argsOf({ args }) {
  const text = JSON.stringify(args, null, 2);
  const raw = element(
    "details",
    { class: "raw" },
    element("summary", {}, words.asGiven),
    element("div", { class: "with-copy" }, copy(text, words.args), element("pre", { class: "code", tabindex: "0", "aria-label": words.args }, text)),
  );
  return [asked(args), rules(args), raw].filter(Boolean);
}

/** A button that copies, where the browser lets a page do so. */
export function copy(text, what) {
  if (!navigator.clipboard) return null;
  const made = button(words.copy, async () => {
    await navigator.clipboard.writeText(text);
    made.textContent = common.copied;
    setTimeout(() => (made.textContent = words.copy), COPIED_MILLISECONDS);
  }, { class: "link copy", "aria-label": words.copyOf(what) });
  return made;
}

/** Symbol, dates, capital: whatever is a plain value. */
function asked(args) {
  const plain = Object.entries(args).filter(([, value]) => value !== null && typeof value !== "object");
  return plain.length > 0 ? facts(plain.map(([name, value]) => [name, String(value)])) : null;
}

/** A strategy's definition; null for a job that carries none. */
function rules({ strategy, strategyParams = {} }) {
  if (!strategy || typeof strategy !== "object") return null;
  const values = Object.entries(strategy.params ?? {}).map(([name, { default: usual } = {}]) => [name, strategyParams[name] ?? usual]);
  const lines = [
    ...values.map(([name, value]) => [name, text(value)]),
    ...Object.entries(strategy.let ?? {}).map(([name, rule]) => [name, text(rule)]),
    ...RULES.filter((name) => strategy[name]).map((name) => [words.rules[name], text(strategy[name])]),
    ...["stops", "sizing"].filter((name) => strategy[name]).map((name) => [words.rules[name], text(strategy[name])]),
  ];
  return facts(lines);
}

const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));

const facts = (lines) =>
  element("dl", { class: "facts rules" }, ...lines.flatMap(([name, value]) => [element("dt", {}, name), element("dd", { class: "code" }, value)]));
