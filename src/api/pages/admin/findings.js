/** The doctor's findings: asked for, the gravest first, each with what to do. */

import { element } from "../common/dom.js";
import { words } from "../words/doctor.js";
import { get } from "./calls.js";

const GRAVITY = ["trouble", "warning", "ok"];

/** All findings, the gravest first; of one gravity in the doctor's own order, which is that in which to mend them. */
export async function examine(signal) {
  const { findings } = await get("/doctor", signal);
  return findings.toSorted((one, other) => GRAVITY.indexOf(one.verdict) - GRAVITY.indexOf(other.verdict));
}

export const isWell = (finding) => finding.verdict === "ok";
export const nameOf = (finding) => words.checks[finding.check] ?? finding.check;

/** "1 trouble, 2 warnings, 21 well"; what there is none of is left out, or only that all is well. */
export function summary(findings) {
  const count = (verdict) => findings.filter((finding) => finding.verdict === verdict).length;
  if (findings.every(isWell)) return words.allWell(findings.length);
  const parts = [words.trouble, words.warning, words.well];
  return GRAVITY.flatMap((verdict, index) => (count(verdict) ? [parts[index](count(verdict))] : [])).join(", ");
}

/** One that is not well: its verdict in words and colour, what was found, and what to do. */
export function told(finding) {
  const { check, verdict, found, advice } = finding;
  const chip = element("span", { class: "chip", "data-verdict": verdict }, words.verdicts[verdict]);
  return element(
    "li",
    { class: `finding ${verdict === "trouble" ? "grave" : "warn"}`, "data-check": check },
    element("p", { class: "finding-head" }, chip, element("strong", {}, nameOf(finding))),
    element("p", { lang: "en" }, found),
    advice ? element("p", { class: "advice", lang: "en" }, ...withCommands(advice)) : null,
  );
}

/** What stands between `backticks` is to be typed. */
function withCommands(advice) {
  return advice.split("`").map((part, index) => (index % 2 ? element("code", { class: "code" }, part) : part));
}
