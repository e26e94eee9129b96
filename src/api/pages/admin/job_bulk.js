/** What is done to many jobs at once: counted first, said, and never done to more than were counted. */

import { confirmed } from "../common/confirm.js";
import { element } from "../common/dom.js";
import { whole } from "../common/format.js";
import { words } from "../words/admin_jobs.js";
import { post } from "./calls.js";
import { ACTIONS, USUAL_PRIORITY, choice, labelled } from "./job_actions.js";

/** From more jobs than this on, what cannot be taken back needs the number typed. */
const TYPED_FROM = 10;

/**
 * Counts, asks, acts. filter: as in a search, or {jobIds}. what: those jobs in words. onBusy(text): what goes on.
 * Returns {text, isWorry} to say, or null where one thought better of it. Throws Refusal.
 */
export async function actOnMany(action, filter, { what, onBusy }) {
  const send = (members) => post(`/jobs/${action}`, { filter, ...members });
  const list = action === "priority" ? choice() : null;
  onBusy(words.counting);
  const { matched, isAll } = await send({ dryRun: true, ...(list && { priority: USUAL_PRIORITY }) });
  onBusy(null);
  if (matched === 0) return { text: words.noneFits[action](what), isWorry: true };
  if (!(await confirmed(question(action, { matched, isAll, what, list })))) return null;
  onBusy(words.working(words.jobs(whole(matched))));
  const done = await send({ dryRun: false, atMost: matched, ...(list && { priority: Number(list.value) }) });
  onBusy(null);
  return outcome(action, done, isAll);
}

const count = (matched, isAll) => (isAll ? words.jobs : words.orMore)(whole(matched));

function question(action, { matched, isAll, what, list }) {
  const { isDanger } = ACTIONS[action];
  const inside = [element("p", {}, words.willHappen[action](count(matched, isAll)))];
  if (!isAll) inside.push(element("p", { class: "notice" }, words.onlyNewest(whole(matched))));
  if (list) inside.push(labelled(words.members.priority, list));
  if (isDanger && matched > TYPED_FROM) inside.push(typed(String(matched)));
  return {
    title: words.askMany[action](count(matched, isAll)),
    text: what,
    action: words.actMany[action](words.jobs(whole(matched))),
    isDanger,
    no: words.leave,
    inside,
  };
}

/** A field that lets the dialog be sent once it holds that number. */
function typed(number) {
  const field = element("input", { id: "dialog-count", inputmode: "numeric", autocomplete: "off", required: true });
  const check = () => field.setCustomValidity(field.value.trim() === number ? "" : words.typeNumber(number));
  field.addEventListener("input", check);
  check();
  return labelled(words.typeNumber(number), field);
}

function outcome(action, { acted, refused }, isAll) {
  const reasons = Object.entries(refused).map(([why, jobs]) => words.refusedFor(words.jobs(whole(jobs)), words.reasons[why] ?? why));
  const sentences = [words.didMany[action](words.jobs(whole(acted))), ...reasons];
  if (!isAll) sentences.push(words.goOn[action]);
  return { text: sentences.join(" "), isWorry: reasons.length > 0 || !isAll };
}
