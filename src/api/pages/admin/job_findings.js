/** What is said of a search: how much was found, that nothing was, or why nobody knows. */

import { button, element } from "../common/dom.js";
import { clock, whole } from "../common/format.js";
import { words as common } from "../words/common.js";
import { words } from "../words/admin_jobs.js";
import { MEMBERS, address, changed } from "./job_query.js";
import { wrongInAddress } from "./wrong_address.js";

const isOfAll = (search) => MEMBERS.every((name) => !search[name]);

/** One line above the table. stats: the newest figures of all jobs, where they are known. */
export function found(pages, search, stats) {
  const { readAs } = pages;
  const { isExact, estimatedTotal } = stats ?? {};
  const sentences = [
    howMany(pages),
    readAs && words.readAs[readAs],
    isOfAll(search) && isExact === false && estimatedTotal && words.about(whole(estimatedTotal)),
  ];
  return sentences.filter(Boolean).join(" ");
}

function howMany({ jobs, lookedAt, isWhole, isSparse }) {
  const shown = whole(jobs.size);
  if (jobs.size === 0) return "";
  if (isWhole) return words.shownAll(shown);
  return isSparse ? words.shownAmong(shown, whole(lookedAt)) : words.shown(shown);
}

/** In place of rows; null where there are any. */
export function nothing({ jobs, isWhole, lookedAt }, search) {
  if (jobs.size > 0) return null;
  if (!isWhole) return element("p", { class: "empty" }, words.noneYet(whole(lookedAt)));
  if (isOfAll(search)) return element("p", { class: "empty" }, words.noJobs);
  const all = element("a", { class: "link", href: address({}) }, words.allJobs);
  return element("div", { class: "empty" }, element("p", {}, words.noneFound), all);
}

/** askedAt: when what is still shown was asked for; null where nothing is. */
export function failure(refusal, search, { askedAt, again }) {
  const wrong = wrongInAddress(refusal);
  const others = Object.fromEntries(refusal.details.map(({ path }) => [path, null]));
  const goOn = wrong.length > 0 ? element("a", { class: "link", href: address(changed(search, others)) }, words.withoutThem) : button(common.tryAgain, again);
  const sentences = wrong.length > 0 ? wrong : [words.lost(refusal.message)];
  return element(
    "div",
    { class: "notice", role: "alert" },
    ...sentences.map((sentence) => element("p", {}, sentence)),
    askedAt ? element("p", {}, words.asOf(clock(askedAt))) : null,
    goOn,
  );
}
