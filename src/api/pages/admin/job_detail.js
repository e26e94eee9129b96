/** One job: where it stands, what it was asked to do, how each attempt went, and what can be done about it. */

import { Bar } from "../common/bar.js";
import { button, element, say } from "../common/dom.js";
import { span } from "../common/format.js";
import { to } from "../common/routes.js";
import { words as common } from "../words/common.js";
import { words } from "../words/admin_jobs.js";
import { get } from "./calls.js";
import { ACTIONS, actOn, fitting } from "./job_actions.js";
import { argsOf } from "./job_args.js";
import { eventsOf } from "./job_events.js";
import { factsOf } from "./job_facts.js";
import { chip, isFinal, named, place, step } from "./job_naming.js";
import { errorOf, resultOf } from "./job_outcome.js";
import { Timeline } from "./job_timeline.js";
import { Outcome } from "./outcome.js";
import { Repeat } from "./repeat.js";

const TICK_MILLISECONDS = 1_000;
const POLL_MILLISECONDS = 2_000;
/** Of a job that has ended little can change: it may be requeued, or deleted. */
const EACH_FINAL = 5;

export class JobDetail {
  element = element("section", { class: "page job" });
  jobId = null;
  #shared;
  #job = null;
  #rounds = 0;
  #drawn = new Map();
  #timeline = new Timeline();
  #outcome;
  #repeat;
  #ends = [];
  #heading = element("h2", { tabindex: "-1" });
  #chip = element("span", { class: "job-chip" });
  #actions = element("div", { class: "job-actions" });
  #line = element("p", { class: "job-line hint" });
  #bar = new Bar(words.progress);
  #columns = [element("div", { class: "job-column" }), element("div", { class: "job-column" })];
  #state = element("div");
  #onAct;

  /** onAct(): something was done to it. */
  constructor(shared, { crumbs, onAct }) {
    this.#shared = shared;
    this.#onAct = onAct;
    this.#outcome = new Outcome();
    this.#repeat = new Repeat((signal) => this.#round(signal), POLL_MILLISECONDS);
    const head = element("div", { class: "page-head" }, this.#heading, this.#chip, this.#actions);
    this.element.append(crumbs, head, this.#bar.element, this.#line, this.#outcome.element, this.#state, element("div", { class: "job-body" }, ...this.#columns));
  }

  get title() {
    return this.#job ? named(this.#job) : words.job;
  }

  async enter(jobId) {
    if (jobId !== this.jobId) {
      this.#outcome.clear();
      this.#open(jobId);
    }
    if (this.#ends.length === 0) this.#watch();
    this.#repeat.start();
    try {
      await this.#look();
    } catch (refusal) {
      if (refusal.status === undefined) throw refusal;
      if (jobId === this.jobId) this.#fail(refusal);
    }
  }

  leave() {
    this.#repeat.stop();
    for (const end of this.#ends) end();
    this.#ends = [];
  }

  clear() {
    this.leave();
    this.#outcome.clear();
    this.#open(null);
  }

  acts() {
    return Object.fromEntries(Object.entries(ACTIONS).map(([action, { key }]) => [key, () => this.#act(action)]));
  }

  #open(jobId) {
    this.jobId = jobId;
    this.#job = null;
    this.#drawn = new Map();
    this.#heading.textContent = words.job;
    this.#state.replaceChildren(element("p", { class: "empty" }, common.loading));
    this.#bar.element.hidden = true;
    say(this.#line, "");
    for (const part of [this.#chip, this.#actions, ...this.#columns]) part.replaceChildren();
  }

  #watch() {
    const beat = setInterval(() => document.hidden || this.#tick(), TICK_MILLISECONDS);
    this.#ends = [() => clearInterval(beat), this.#shared.figures.on("workers", () => this.#progress())];
  }

  async #round(signal) {
    this.#rounds += 1;
    const rests = this.#job && isFinal(this.#job) && this.#rounds % EACH_FINAL !== 0;
    if (!rests) await this.#look(signal).catch((refusal) => this.#lose(refusal));
  }

  /** Deleted while one looked: what it was is shown no more. */
  #lose(refusal) {
    if (refusal.status === 404) this.#fail(refusal);
    throw refusal;
  }

  async #look(signal) {
    const { jobId } = this;
    const job = await get(`/jobs/${encodeURIComponent(jobId)}`, signal);
    if (jobId !== this.jobId || (this.#job && this.#job.seq > job.seq)) return;
    this.#job = job;
    this.#show();
  }

  #fail(refusal) {
    if (refusal.status === 404 || refusal.status === 400) {
      this.#open(this.jobId);
      this.#state.replaceChildren(element("div", { class: "notice", role: "alert" }, element("p", {}, words.noSuchJob), element("a", { class: "link", href: to("jobs") }, words.allJobs)));
      return;
    }
    const again = button(common.tryAgain, () => this.enter(this.jobId));
    this.#state.replaceChildren(element("div", { class: "notice", role: "alert" }, element("p", {}, words.jobLost(refusal.message)), again));
  }

  #show() {
    const job = this.#job;
    this.#state.replaceChildren();
    if (this.#heading.textContent !== named(job)) this.#heading.textContent = named(job);
    this.#shared.retitle();
    this.#chip.replaceChildren(chip(job));
    this.#offer(job);
    this.#progress();
    this.#draw(0, "facts", factsShown(job), () => sheet(words.summary, factsOf(job)));
    this.#draw(1, "attempts", [job.attempts, job.status, job.startedAt, this.#worker()?.id], () => {
      this.#timeline.show(job, this.#worker());
      return sheet(words.attempts, this.#timeline.element);
    });
    this.#draw(1, "error", [job.failure, job.status], () => sheetOf(words.error, errorOf(job)));
    this.#draw(1, "result", [job.status, job.metrics, job.warnings], () => sheetOf(words.result, resultOf(job)));
    this.#draw(1, "args", job.args, () => sheet(words.args, ...argsOf(job)));
    this.#draw(0, "events", job.events, () => sheet(words.history, eventsOf(job)));
  }

  /** Draws a part where what it shows has changed; new ones stand below the others of their column. */
  #draw(column, name, shown, make) {
    const text = JSON.stringify(shown);
    const before = this.#drawn.get(name);
    if (before?.text === text) return;
    const part = make() ?? element("div", { hidden: true });
    part.dataset.part = name;
    if (before) before.part.replaceWith(part);
    else this.#columns[column].append(part);
    this.#drawn.set(name, { text, part });
  }

  #offer(job) {
    const offered = this.#shared.mayChange ? fitting(job) : [];
    if ([...this.#actions.children].map((one) => one.dataset.action).join() === offered.join()) return;
    this.#actions.replaceChildren(
      ...offered.map((action) => button(words.actions[action], () => this.#act(action), { "data-action": action, class: ACTIONS[action].isDanger ? "danger" : null })),
    );
  }

  /** The slot that runs it, as its worker last said; progress of it is newer than the job's own, by seconds. */
  #worker = () =>
    this.#shared.figures.newest("workers")?.workers.find(({ running }) => running.some(({ jobId }) => jobId === this.jobId));

  #progress() {
    const job = this.#job;
    if (!job) return;
    const isRunning = job.status === "processing";
    const slot = this.#worker()?.running.find(({ jobId, attempt }) => jobId === job.jobId && attempt === job.attempt);
    const newest = slot && slot.progress > job.progress ? slot : job;
    this.#bar.element.hidden = !isRunning;
    const left = newest.estimatedTimeRemaining;
    const facts = [`${newest.progress}%`, step(newest), Number.isFinite(left) && words.timeLeft(span(left)), job.attempt > 1 && words.attempt(job.attempt)];
    const told = facts.filter(Boolean).join(" · ");
    this.#bar.show(newest.progress, told);
    say(this.#line, isRunning ? told : job.status === "waiting" ? place(job) : "");
  }

  #tick() {
    if (this.#job && !isFinal(this.#job)) this.#timeline.tick();
  }

  async #act(action) {
    const job = this.#job;
    if (!this.#shared.mayChange || !job) return;
    if (!ACTIONS[action].fits(job)) {
      this.#outcome.tell({ text: words.doesNotFit[action](named(job)), isWorry: true });
      return;
    }
    const done = await this.#outcome.of(() => actOn(action, job));
    if (!done) return;
    this.#onAct();
    this.#rounds = EACH_FINAL - 1;
    this.#repeat.now();
  }
}

/** What the facts are drawn from: not what moves while a job waits or runs. */
const factsShown = ({ status, plan, priority, queue, attempts, startedAt, finishedAt, runAt, requeuedAs }) =>
  [status, plan, priority, queue, attempts[0]?.startedAt, startedAt, finishedAt, runAt, requeuedAs];

const sheet = (title, ...inside) => element("section", { class: "card sheet" }, element("h3", {}, title), ...inside);
const sheetOf = (title, inside) => (inside ? sheet(title, inside) : null);
