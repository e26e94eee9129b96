/** The first view: the ticket, and beside it the runs as they move. */

import { find } from "../common/dom.js";
import { replace, to } from "../common/routes.js";
import { words as common } from "../words/common.js";
import { words } from "../words/desk.js";
import { Ticket } from "./form.js";
import { Runs } from "./runs.js";
import { title } from "./telling.js";

export class Desk {
  element = find("desk");
  #runs;
  #ticket;
  #wasLeft = false;

  constructor({ jobs, allowance, announce }) {
    const onSpent = () => allowance.refresh();
    this.#runs = new Runs(jobs, { onSpent });
    this.#ticket = new Ticket({
      onQueued: (jobId, facts) => {
        if (!jobs.isOpen) return;
        jobs.expect(jobId, facts);
        this.#runs.want(jobId);
        onSpent();
        announce(words.queued(title(jobs.get(jobId))));
      },
      refusal: () => allowance.refusal,
      // It may be known to have changed by now.
      onRefused: () => allowance.refresh(0),
    });
    allowance.onChange(() => this.#ticket.showMayRun());
  }

  title = () => common.product;

  /** With a query the ticket begins from what it names; once, so that a reload does not undo what was changed since. */
  enter(_, query) {
    if (query.size > 0) {
      replace(to(""));
      this.#ticket.follow(query);
    }
    if (this.#wasLeft) this.#ticket.refresh();
    this.#wasLeft = false;
  }

  leave() {
    this.#wasLeft = true;
  }

  open(who) {
    this.#ticket.load(who.userId);
  }

  hear(job) {
    this.#runs.show(job);
  }

  /** After all that was heard in a frame. */
  arrange() {
    this.#runs.arrange();
  }

  forget(jobId) {
    this.#runs.remove(jobId);
  }

  settle() {
    this.#runs.settle();
  }

  clear() {
    this.#runs.clear();
    this.#ticket.clear();
    this.#wasLeft = false;
  }
}
