/** What is done to many jobs at once: counted first, said, and never done to more than were counted. */

import { confirmed } from "../common/confirm.js";
import { element } from "../common/dom.js";
import { whole } from "../common/format.js";
import { words } from "../words/admin_jobs.js";
import { post } from "./calls.js";
import { ACTIONS, USUAL_PRIORITY, choice, labelled } from "./job_actions.js";
import { Rounds } from "./job_rounds.js";

/** From more jobs than this on, what cannot be taken back needs the number typed. */
const TYPED_FROM = 10;

/**
 * Counts, asks, acts; for Outcome.of. filter: as in a search, or {jobIds}. what: those jobs in words. cursor: from where
 * on; null: from the newest.
 */
export const actOnMany = (action, filter, what, cursor = null) => async (onBusy, signal) => {
  const send = (members) => post(`/jobs/${action}`, { filter, ...members });
  const rest = (text, from) => ({ text, act: actOnMany(action, filter, what, from) });
  const list = action === "priority" ? choice() : null;
  onBusy(words.counting);
  const counted = await send({ dryRun: true, ...(cursor && { cursor }), ...(list && { priority: USUAL_PRIORITY }) });
  onBusy(null);
  const { matched, isAll } = counted;
  if (matched === 0 && isAll) return { text: words.noneFits[action](what), isWorry: true };
  if (matched === 0) return { text: words.noneSoFar(what), isWorry: true, further: rest(words.goOnLooking, counted.cursor) };
  if (signal.aborted || !(await confirmed(question(action, { matched, isAll, what, list })))) return null;
  const priority = list && Number(list.value);
  const rounds = new Rounds(counted, (members) => send({ dryRun: false, ...members, ...(list && { priority }) }));
  return inRounds(action, rounds, isAll ? null : rest)(onBusy, signal);
};

/** rest(text, cursor): how one goes on with those that were not counted; null where all were. */
const inRounds = (action, rounds, rest) => async (onBusy, signal) => {
  const again = { text: words.goOn, act: inRounds(action, rounds, rest) };
  onBusy(rounds.element);
  try {
    await rounds.run(signal);
  } catch (refusal) {
    if (refusal.status === undefined || refusal.isUnauthorized) throw refusal;
    const broke = [refusal.message, words.brokenOff(rounds.far), refusal.isUncertain && words.goneOnOnce];
    return { text: joined(broke), isWorry: true, further: rounds.isOver ? null : again };
  }
  const done = outcome(action, rounds);
  if (!rounds.isOver) return { text: joined([words.stopped(rounds.far), done]), isWorry: true, further: again };
  if (rest) return { text: joined([done, words.moreMatch]), isWorry: true, further: rounds.cursor && rest(words.countRest, rounds.cursor) };
  const missing = rounds.isLost ? words.notAnswered : words.changedMeanwhile;
  const differ = rounds.left > 0 && missing(words.jobs(whole(rounds.left)));
  return { text: joined([done, differ]), isWorry: Boolean(differ) || Object.keys(rounds.refused).length > 0 };
};

const joined = (sentences) => sentences.filter(Boolean).join(" ");

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

function outcome(action, { acted, refused }) {
  const reasons = Object.entries(refused).map(([why, jobs]) => words.refusedFor(words.jobs(whole(jobs)), words.reasons[why] ?? why));
  return joined([words.didMany[action](words.jobs(whole(acted))), ...reasons]);
}
