/** What the plan still allows: runs of today, runs at once, credits; and what to do when it allows no more. */

import { account } from "./calls.js";
import { find, say } from "../common/dom.js";
import { span, whole } from "../common/format.js";
import { words } from "../words/desk.js";

/** What happens together is asked for once. */
const TOGETHER_MILLISECONDS = 300;
const SOON_MILLISECONDS = 1_000;
const LONGEST_MILLISECONDS = 2 ** 31 - 1;

export class Allowance {
  #newest = null;
  #isOpen = false;
  #timer = 0;
  #reset = 0;
  #listener = () => {};

  /** Told whenever it is known anew. */
  onChange(listener) {
    this.#listener = listener;
  }

  /** Why the next run would be refused, in the few words of a button; "" when it would not be, or nobody knows. */
  get refusal() {
    return this.#newest?.refusal ? words.used[this.#newest.refusal] ?? words.usedUp : "";
  }

  open() {
    this.#isOpen = true;
    this.refresh(0);
  }

  close() {
    this.#isOpen = false;
    this.#newest = null;
    clearTimeout(this.#timer);
    clearTimeout(this.#reset);
    this.#timer = 0;
    this.#show();
  }

  /** Something was added, began, was cancelled or ended. */
  refresh(milliseconds = TOGETHER_MILLISECONDS) {
    if (this.#isOpen && this.#timer === 0) this.#timer = setTimeout(() => this.#ask(), milliseconds);
  }

  async #ask() {
    this.#timer = 0;
    try {
      const newest = await account();
      if (!this.#isOpen) return;
      this.#newest = newest;
    } catch {
      // What was known stays: the server judges in the end, also who is still logged in.
      return;
    }
    this.#show();
    const until = Date.parse(this.#newest.jobs.resetsAt) - Date.now() + SOON_MILLISECONDS;
    clearTimeout(this.#reset);
    this.#reset = setTimeout(() => this.refresh(), Math.min(LONGEST_MILLISECONDS, Math.max(SOON_MILLISECONDS, until)));
  }

  #show() {
    const place = find("allowance");
    place.textContent = this.#newest ? facts(this.#newest) : "";
    if (this.#newest) place.title = words.resets(when(this.#newest.jobs.resetsAt), this.#newest.jobs.resetsAt);
    const { refusal } = this.#newest ?? {};
    say(find("allowance-notice"), refusal ? sentence(this.#newest) : "");
    this.#listener();
  }
}

function facts({ concurrent, jobs, waiting, credits }) {
  return [
    jobs.limit !== null && words.leftToday(whole(jobs.left), whole(jobs.limit)),
    concurrent.limit === null ? words.runningNow(whole(concurrent.running)) : words.runningOf(whole(concurrent.running), whole(concurrent.limit)),
    waiting.waiting > 0 && words.waitingOf(whole(waiting.waiting), whole(waiting.limit)),
    credits && words.credits(whole(credits.available), credits.perJob),
  ].filter(Boolean).join(" · ");
}

/** What is used up, and what to do. */
function sentence({ refusal, jobs, waiting, credits }) {
  switch (refusal) {
    case "daily_quota_reached":
      return words.dailyUsed(whole(jobs.limit), when(jobs.resetsAt), span((Date.parse(jobs.resetsAt) - Date.now()) / 1000));
    case "too_many_waiting":
      return words.waitingUsed(whole(waiting.limit));
    case "credits_used_up":
      return words.creditsUsed(whole(credits?.perJob ?? 1), whole(credits?.available ?? 0));
    default:
      return words.queueFull;
  }
}

/** The reader's own clock: the day that counts is UTC's. */
const when = (iso) => new Date(iso).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
