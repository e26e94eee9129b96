/** The first view: the ticket, and beside it the runs as they move. */

import { find } from "../common/dom.js";
import { words as common } from "../words/common.js";
import { words } from "../words/desk.js";
import { Ticket } from "./form.js";
import { title } from "./run.js";
import { Runs } from "./runs.js";

export class Desk {
  element = find("desk");
  #runs;
  #ticket;

  constructor({ jobs, announce, onUnauthorized }) {
    this.#runs = new Runs(jobs, { onUnauthorized });
    this.#ticket = new Ticket({
      onQueued: (jobId, facts) => {
        if (!jobs.isOpen) return;
        jobs.expect(jobId, facts);
        this.#runs.want(jobId);
        announce(words.queued(title(jobs.get(jobId))));
      },
      onUnauthorized,
    });
  }

  title = () => common.product;
  enter() {}
  leave() {}

  open() {
    this.#ticket.load();
  }

  hear(job) {
    this.#runs.show(job);
  }

  forget(jobId) {
    this.#runs.remove(jobId);
  }

  settle() {
    this.#runs.settle();
  }

  clear() {
    this.#runs.clear();
  }
}
