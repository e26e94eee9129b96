/** Jobs found among very many, and one of them at a time. */

import { button, element } from "../common/dom.js";
import { to } from "../common/routes.js";
import { words } from "../words/admin_jobs.js";
import { JobDetail } from "./job_detail.js";
import { Keys } from "./job_keys.js";
import { JobList } from "./job_list.js";
import { address, asked } from "./job_query.js";

export class JobsView {
  element = element("div", { class: "jobs-view" });
  #list;
  #detail;
  #shown = null;
  #keys = new Keys();
  #scrolled = 0;
  #around = null;
  /** Whether one goes back for the box and not for the row that one came from. */
  #seeks = false;
  #back = element("a", { class: "link" }, words.backToJobs);
  #place = element("span", { class: "hint" });
  #before = button(words.before, () => this.#turn("before"), { class: "quiet" });
  #after = button(words.after, () => this.#turn("after"), { class: "quiet" });

  constructor(shared) {
    const crumbs = element("nav", { class: "job-crumbs", "aria-label": words.amongFound }, this.#back, this.#place, this.#before, this.#after);
    this.#list = new JobList(shared);
    this.#detail = new JobDetail(shared, { crumbs, onAct: () => this.#survey() });
  }

  title = () => (this.#shown === this.#detail ? `${this.#detail.title} · ${words.title}` : words.title);

  enter([jobId], query) {
    const next = jobId ? this.#detail : this.#list;
    const before = this.#shown;
    if (before !== next) {
      if (before === this.#list) this.#scrolled = window.scrollY;
      before?.leave();
      this.#shown = next;
      this.element.replaceChildren(next.element);
    }
    this.#keys.stop();
    if (jobId) this.#enterJob(jobId, before);
    else this.#enterList(asked(query), before);
  }

  /** To the search's box, from wherever one is. */
  seek() {
    if (this.#shown === this.#list) {
      this.#list.focusBox();
      return;
    }
    this.#seeks = true;
    location.hash = address(this.#list.search ?? {});
  }

  leave() {
    this.#keys.stop();
    this.#shown?.leave();
    this.#shown = null;
    this.element.replaceChildren();
  }

  clear() {
    this.#list.clear();
    this.#detail.clear();
  }

  #enterJob(jobId, before) {
    this.#back.href = address(this.#list.search ?? {});
    this.#detail.enter(jobId);
    this.#keys.start({
      ...this.#detail.acts(),
      j: () => this.#turn("after"),
      k: () => this.#turn("before"),
      u: () => this.#back.click(),
      "/": () => this.seek(),
    });
    this.#survey();
    window.scrollTo(0, 0);
    if (before) this.#detail.element.querySelector("h2").focus({ preventScroll: true });
  }

  #enterList(search, before) {
    this.#list.enter(search);
    this.#keys.start(this.#list.acts());
    // Whoever comes from another view is led to the heading first.
    if (this.#seeks) queueMicrotask(() => this.#list.focusBox());
    if (this.#seeks || before !== this.#detail) {
      this.#seeks = false;
      return;
    }
    this.#list.focusRow(this.#detail.jobId);
    window.scrollTo(0, this.#scrolled);
  }

  /** Where the job stands among those that were found. */
  async #survey() {
    const { jobId } = this.#detail;
    const around = await this.#list.around(jobId);
    if (jobId !== this.#detail.jobId) return;
    this.#around = around;
    this.#place.textContent = around ? words.nthOf(around.at, around.shown) : "";
    for (const [way, turn] of [["before", this.#before], ["after", this.#after]]) {
      turn.hidden = around === null;
      // Not disabled: who turns pages by it keeps the focus at the last.
      turn.ariaDisabled = String(!around?.[way]);
    }
  }

  #turn(way) {
    const jobId = this.#around?.[way];
    // Turning pages is one step back from the list, however many pages were turned.
    if (jobId) location.replace(to("jobs", jobId));
  }
}
