/** Two runs side by side, at the address of both. */

import { Refusal } from "../common/api.js";
import { button, element } from "../common/dom.js";
import { keepingFocus } from "../common/focus.js";
import { change } from "../common/format.js";
import { to } from "../common/routes.js";
import { words as common } from "../words/common.js";
import { words } from "../words/compare.js";
import { look, recent, result } from "./calls.js";
import { title } from "./run.js";

const LETTERS = ["A", "B"];

export class CompareView {
  element = element("section", { class: "page compare" });
  #heading = element("h2", { tabindex: "-1" }, words.compare);
  #place = element("div", { class: "run-place" });
  #choices = [words.first, words.second].map((text, index) => new Choice(text, `compare-${LETTERS[index]}`, () => this.#go()));
  #turn = 0;

  constructor() {
    const swap = button(words.swap, () => this.#swap(), { class: "quiet" });
    const fields = this.#choices.map((choice) => choice.element);
    this.element.append(this.#heading, element("div", { class: "toolbar" }, ...fields, swap), this.#place);
  }

  title = () => `${words.compare} · ${common.product}`;

  async enter(args) {
    const turn = (this.#turn += 1);
    const wanted = [args[0] ?? "", args[1] ?? ""];
    keepingFocus(() => this.#place.replaceChildren(element("p", { class: "empty" }, common.loading)), () => this.#heading);
    try {
      const { offered, jobs } = await runs(wanted);
      if (turn !== this.#turn) return;
      this.#choices.forEach((choice, index) => choice.offer([...jobs.filter((job) => job?.jobId), ...offered], wanted[index]));
      const shown = await this.#found(wanted, offered, jobs);
      if (turn === this.#turn) this.#place.replaceChildren(...shown);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      if (turn !== this.#turn) return;
      this.#refused(refusal, args);
    }
  }

  leave() {
    this.#turn += 1;
    this.#place.replaceChildren();
  }

  clear() {
    this.leave();
    for (const choice of this.#choices) choice.offer([], "");
  }

  async #found(wanted, offered, jobs) {
    const trouble = troubles(wanted, jobs);
    if (trouble.length > 0) return trouble;
    if (wanted.includes("")) return [empty(offered)];
    const found = await Promise.all(jobs.map((job) => result(job.jobId, { limit: 1 })));
    const { comparison } = await import("./comparison.js");
    const sides = jobs.map((job, index) => {
      const letter = LETTERS[index];
      return { job, found: found[index], letter, name: words.label(letter, title(job)) };
    });
    return [element("div", { class: "result card sheet" }, ...comparison(sides))];
  }

  #go() {
    const [first, second] = this.#choices.map((choice) => choice.value);
    location.hash = second ? to("compare", first, second) : to("compare", first);
  }

  #swap() {
    const [first, second] = this.#choices.map((choice) => choice.value);
    if (first && second) location.hash = to("compare", second, first);
  }

  #refused(refusal, args) {
    const again = button(common.tryAgain, () => this.enter(args), { class: "quiet" });
    this.#place.replaceChildren(element("p", { class: "notice", role: "alert" }, words.lost(refusal.message)), again);
  }
}

/** Those that may be chosen, and those that are asked for. */
async function runs(wanted) {
  const [listed, jobs] = await Promise.all([recent(), Promise.all(wanted.map(known))]);
  return { jobs, offered: listed.filter((job) => job.status === "completed" && job.kind === "backtest") };
}

/** The job, {isMissing} where there is none of that id for this user, null where none is asked for. */
async function known(jobId) {
  if (!jobId) return null;
  try {
    return (await look(jobId)).data;
  } catch (refusal) {
    if (refusal.status === 404) return { isMissing: true };
    throw refusal;
  }
}

function troubles(wanted, jobs) {
  const said = [];
  if (jobs.some((job) => job?.isMissing)) said.push(words.missing);
  for (const job of jobs) {
    if (job?.jobId && job.status !== "completed") said.push(words.unfinished(title(job), common.status[job.status]));
  }
  if (wanted[0] && wanted[0] === wanted[1]) said.push(words.same);
  return said.map((sentence) => element("p", { class: "notice", role: "alert" }, sentence));
}

function empty(offered) {
  if (offered.length > 0) return element("div", { class: "card empty" }, element("p", {}, words.chooseHint));
  const link = element("a", { class: "quiet", href: "#/" }, words.toRuns);
  return element("div", { class: "card empty" }, element("p", {}, words.nothing), element("p", {}, link));
}

/** A run to be chosen among recent ones. */
class Choice {
  element;
  #select;

  constructor(text, id, onChange) {
    this.#select = element("select", { id });
    this.#select.addEventListener("change", onChange);
    this.element = element("div", { class: "field" }, element("label", { for: id }, text), this.#select);
  }

  get value() {
    return this.#select.value;
  }

  offer(jobs, chosen) {
    const byId = new Map(jobs.map((job) => [job.jobId, job]));
    const options = [...byId.values()].map((job) => element("option", { value: job.jobId, selected: job.jobId === chosen }, named(job)));
    this.#select.replaceChildren(element("option", { value: "", selected: !byId.has(chosen) }, words.choose), ...options);
  }
}

function named(job) {
  const range = [job.startDate?.slice(0, 4), job.endDate?.slice(0, 4)].filter(Boolean).join("–");
  const earned = job.metrics?.totalReturn;
  const asked = new Date(job.createdAt).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });
  return [title(job), range, Number.isFinite(earned) ? change(earned) : "", asked].filter(Boolean).join(" · ");
}
