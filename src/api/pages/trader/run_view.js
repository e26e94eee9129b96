/** One run at an address of its own. */

import { element } from "../common/dom.js";
import { Refusal } from "../common/api.js";
import { words as common } from "../words/common.js";
import { look } from "./calls.js";
import { Result } from "./result.js";
import { title } from "./run.js";

export class RunView {
  element = element("section", { class: "page" });
  #shared;
  #heading = element("h2", { tabindex: "-1" });
  #place = element("div", { class: "card sheet" });
  #jobId = null;
  #job = null;

  constructor(shared) {
    this.#shared = shared;
    this.element.append(this.#heading, this.#place);
  }

  title = () => (this.#job ? `${title(this.#job)} · ${common.product}` : common.product);

  async enter([jobId]) {
    this.#jobId = jobId;
    this.#job = null;
    this.#heading.textContent = common.loading;
    this.#place.replaceChildren();
    try {
      const { data } = await look(jobId);
      if (this.#jobId !== jobId) return;
      this.#shared.jobs.hear(data);
      this.#show(data);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      if (refusal.isUnauthorized) this.#shared.onUnauthorized();
      else if (this.#jobId === jobId) this.#place.replaceChildren(element("p", { class: "notice", role: "alert" }, refusal.message));
    }
  }

  leave() {
    this.#jobId = null;
  }

  hear(job) {
    if (job.jobId === this.#jobId && this.#job && this.#job.status !== job.status) this.#show(job);
  }

  clear() {
    this.#place.replaceChildren();
    this.#job = null;
  }

  #show(job) {
    this.#job = job;
    this.#heading.textContent = title(job);
    this.#shared.retitle();
    if (job.status !== "completed") {
      this.#place.replaceChildren(element("p", { class: "empty" }, common.status[job.status]));
      return;
    }
    const result = new Result(job, title(job));
    this.#place.replaceChildren(result.element);
    result.load();
  }
}
