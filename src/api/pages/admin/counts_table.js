/** Jobs by state and plan; each count leads to the jobs that it counts. */

import { element } from "../common/dom.js";
import { whole } from "../common/format.js";
import { to } from "../common/routes.js";
import { words as common } from "../words/common.js";
import { words } from "../words/overview.js";
import { panel, table } from "./panel.js";
import { write } from "./rows.js";
import { PLANS } from "./plans.js";

const STATUSES = ["waiting", "processing", "completed", "failed", "cancelled"];

/** Exact, or "10,000+" where counting stopped. */
export function totalOf(stats, status) {
  const jobs = sum(stats, status);
  return isCounted(stats, status) ? whole(jobs) : words.orMore(whole(jobs));
}

export class CountsTable {
  element;
  #cells = new Map();
  #note = element("p", { class: "hint" });

  constructor() {
    const columns = [words.state, ...PLANS.map((plan) => words.plans[plan]), words.all];
    const rows = STATUSES.map((status) => this.#row(status));
    this.element = panel(words.counts, table({ columns, body: rows, isNumber: (index) => index > 0 }), this.#note);
  }

  show(stats) {
    for (const [[status, plan], link] of this.#cells) {
      const jobs = plan === null ? totalOf(stats, status) : counted(stats, status, plan);
      write(link, jobs);
      link.setAttribute("aria-label", words.countOf(common.status[status], plan ?? words.all, jobs));
      link.toggleAttribute("data-none", jobs === "0");
    }
    write(this.#note, stats.isExact ? words.exact : words.counted(whole(stats.countedTo), whole(stats.estimatedTotal)));
  }

  #row(status) {
    const name = element("span", { class: "chip", "data-status": status }, common.status[status]);
    return element("tr", {}, element("th", { scope: "row" }, name), ...[...PLANS, null].map((plan) => this.#cell(status, plan)));
  }

  #cell(status, plan) {
    const link = element("a", { class: "count", href: to("jobs", { status, plan }) }, "–");
    this.#cells.set([status, plan], link);
    return element("td", { class: "number" }, link);
  }
}

function sum(stats, status, plan = null) {
  const fit = stats.counts.filter((count) => count.status === status && (plan === null || count.plan === plan));
  return fit.reduce((jobs, count) => jobs + count.jobs, 0);
}

/** Counting stops at so many of a state: fewer than that are all. */
const isCounted = (stats, status) => stats.isExact || sum(stats, status) < stats.countedTo;

function counted(stats, status, plan) {
  const jobs = whole(sum(stats, status, plan));
  return isCounted(stats, status) ? jobs : words.atLeast(jobs);
}
