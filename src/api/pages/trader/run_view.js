/** One run, or sweep, at an address of its own: while it moves, when it ended without a result, and its result. */

import { Refusal } from "../common/api.js";
import { button, element, say } from "../common/dom.js";
import { busyWhile, keepingFocus } from "../common/focus.js";
import { money } from "../common/format.js";
import { to } from "../common/routes.js";
import { words as common } from "../words/common.js";
import { words } from "../words/run.js";
import { again } from "./again.js";
import { cancel, look } from "./calls.js";
import { copies } from "./facts.js";
import { isFinal } from "./jobs.js";
import { Result } from "./result.js";
import { title } from "./run.js";
import { Standing } from "./standing.js";

export class RunView {
  element = element("section", { class: "page run-page" });
  #shared;
  #heading = element("h2", { tabindex: "-1" });
  #facts = element("p", { class: "hint" });
  #actions = element("div", { class: "actions" });
  #problem = element("p", { class: "notice", role: "alert", hidden: true });
  #place = element("div", { class: "run-place" });
  #asked = { jobId: null, best: null };
  #job = null;
  #standing = null;

  constructor(shared) {
    this.#shared = shared;
    const head = element("div", { class: "page-head" }, element("div", { class: "run-names" }, this.#heading, this.#facts), this.#actions);
    this.element.append(head, this.#problem, this.#place);
  }

  title = () => (this.#job ? `${this.#name()} · ${common.product}` : common.product);

  async enter([jobId = ""], query = new URLSearchParams()) {
    const asked = { jobId, best: rank(query.get("best")) };
    this.#forget();
    this.#asked = asked;
    this.#heading.textContent = common.loading;
    try {
      const { data } = await look(jobId);
      if (this.#asked !== asked) return;
      this.#shared.jobs.hear(data);
      // The stream may have told its end while this answer, from before it, was on the way.
      this.#show({ ...data, ...this.#shared.jobs.get(jobId) });
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      if (this.#asked === asked) this.#refused(refusal);
    }
  }

  /** Nothing goes on where nobody looks: the chart ends with its element. */
  leave() {
    this.#forget();
  }

  clear() {
    this.#forget();
  }

  hear(job) {
    if (!this.#job || job.jobId !== this.#asked.jobId) return;
    const isNews = job.status !== this.#job.status;
    if (!isNews) {
      this.#job = { ...this.#job, ...job };
      this.#standing?.show(this.#job, this.#name());
      return;
    }
    this.#show({ ...this.#job, ...job });
  }

  forget(jobId) {
    if (jobId === this.#asked.jobId && this.#job) this.#missing();
  }

  #name() {
    return [title(this.#job), this.#asked.best && words.bestOf(this.#asked.best)].filter(Boolean).join(" · ");
  }

  #show(job) {
    this.#job = job;
    this.#heading.textContent = this.#name();
    this.#tellFacts(job);
    keepingFocus(() => this.#actions.replaceChildren(...this.#offers(job)), () => this.#heading);
    this.#shared.retitle();
    if (job.status === "completed") this.#showResult(job);
    else this.#showStanding(job);
  }

  #showStanding(job) {
    if (!this.#standing) {
      this.#standing = new Standing(async () => this.#shared.jobs.hear(await cancel(job.jobId)));
      this.#place.replaceChildren(this.#standing.element);
    }
    this.#standing.show(job, this.#name());
  }

  #showResult(job) {
    this.#standing?.rest();
    this.#standing = null;
    const result = new Result(job, this.#name(), { best: this.#asked.best, isAlone: true });
    result.element.classList.add("card", "sheet");
    keepingFocus(() => this.#place.replaceChildren(result.element), () => this.#heading);
    result.load();
  }

  #tellFacts(job) {
    const range = job.startDate ? words.facts(job.startDate, job.endDate, money(job.initialCapital)) : "";
    const asked = element("time", { datetime: job.createdAt, title: job.createdAt }, words.createdAt(local(job.createdAt)));
    this.#facts.replaceChildren([job.kind === "sweep" && words.sweep, range].filter(Boolean).join(" · "), range ? " · " : "", asked);
  }

  #offers(job) {
    const { jobId, best } = this.#asked;
    const link = (text, href) => element("a", { class: "button quiet", href }, text);
    return [
      best ? link(words.backToSweep, to("runs", jobId)) : null,
      job.status === "completed" && job.kind === "backtest" ? link(words.compare, to("compare", jobId)) : null,
      link(words.change, to("", { copy: jobId })),
      copies(words.copyAddress, () => location.href, "quiet"),
      isFinal(job) && !best ? button(words.again, ({ target }) => busyWhile([target], () => this.#again()), { class: "quiet" }) : null,
    ].filter(Boolean);
  }

  async #again() {
    say(this.#problem, "");
    try {
      const queued = await again(this.#asked.jobId);
      this.#shared.allowance?.refresh();
      location.hash = to("runs", queued.jobId);
    } catch (refusal) {
      say(this.#problem, refusal.message);
    }
  }

  #refused(refusal) {
    if (refusal.status === 404) this.#missing();
    else {
      const { jobId, best } = this.#asked;
      const enter = () => this.enter([jobId], new URLSearchParams(best ? { best } : {}));
      const again = button(common.tryAgain, enter, { class: "quiet" });
      this.#heading.textContent = jobId;
      this.#place.replaceChildren(element("p", { class: "notice", role: "alert" }, words.lost(refusal.message)), again);
    }
  }

  /** Another's run and none at all are told apart by nobody. */
  #missing() {
    this.#forgetShown();
    this.#heading.textContent = common.product;
    const link = element("a", { class: "quiet", href: "#/" }, words.toRuns);
    this.#place.replaceChildren(element("div", { class: "card empty" }, element("p", {}, words.missing), element("p", {}, link)));
  }

  #forget() {
    this.#asked = { jobId: null, best: null };
    this.#forgetShown();
  }

  #forgetShown() {
    this.#standing?.rest();
    this.#standing = null;
    this.#job = null;
    this.#heading.textContent = "";
    this.#facts.replaceChildren();
    this.#actions.replaceChildren();
    this.#place.replaceChildren();
    say(this.#problem, "");
  }
}

const rank = (text) => (/^[1-9]\d?$/.test(text ?? "") ? Number(text) : null);
const local = (iso) => new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
