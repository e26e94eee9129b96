/** One combination of a sweep, opened as a run: the stored one where it was kept, else one that is asked for anew. */

import { confirmed } from "../common/confirm.js";
import { to } from "../common/routes.js";
import { words } from "../words/sweep.js";
import { submit } from "./calls.js";
import { Once } from "./once.js";

/** fast 10, slow 50 */
export const said = (params) => Object.entries(params).map(([name, value]) => `${name} ${value}`).join(", ");

export class Combinations {
  #job;
  #kept;
  #onProblem;
  #isAsking = false;
  #once = new Once();

  /** job: the sweep, as it is told alone. kept: how many of the best are stored in full. onProblem(sentence, refusal) */
  constructor(job, kept, onProblem) {
    this.#job = job;
    this.#kept = kept;
    this.#onProblem = onProblem;
  }

  isStored = (rank) => rank <= this.#kept;
  address = (rank) => to("runs", this.#job.jobId, { best: rank });

  /** Goes to the run. One that is not stored costs a run of the plan, so it is asked about first. */
  async open(rank, params) {
    if (this.isStored(rank)) {
      location.hash = this.address(rank);
      return;
    }
    if (this.#isAsking) return;
    this.#isAsking = true;
    const text = words.ask(said(params), this.#job.symbol);
    if (await confirmed({ title: words.askTitle, text, action: words.yes })) await this.#run(params);
    this.#isAsking = false;
  }

  async #run(params) {
    this.#onProblem("");
    try {
      const { jobId } = await this.#once.ask(said(params), (key) => submit(this.#body(params), key));
      location.hash = to("runs", jobId);
    } catch (refusal) {
      this.#onProblem(refusal.status === 0 ? `${refusal.message} ${words.uncertain}` : refusal.message);
    }
  }

  /** The sweep's own request, without what makes it a sweep. */
  #body(params) {
    const { strategyId, params: asked, priority } = this.#job.request;
    return { strategyId, params: { ...asked, strategyParams: { ...asked.strategyParams, ...params } }, priority };
  }
}
