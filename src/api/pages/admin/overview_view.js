/** How it goes: counts, throughput, waits, who works, and what needs a hand. */

import { element } from "../common/dom.js";
import { clock } from "../common/format.js";
import { to } from "../common/routes.js";
import { words } from "../words/overview.js";
import { words as head } from "../words/admin.js";
import { CountsTable } from "./counts_table.js";
import { Delays } from "./delays.js";
import { Fetched } from "./fetched.js";
import { examine, isWell, summary, told } from "./findings.js";
import { Headline } from "./headline.js";
import { panel } from "./panel.js";
import { QueuesSummary } from "./queues_summary.js";
import { write } from "./rows.js";
import { Throughput } from "./throughput.js";
import { WorkersSummary } from "./workers_summary.js";

const EXAMINE_MILLISECONDS = 60_000;
const WORST = 3;

export class OverviewView {
  element = element("section", { class: "page overview" });
  #shared;
  #freshness = element("p", { class: "hint freshness" });
  #findings;
  #parts;
  #ends = [];
  #timer = 0;

  constructor(shared) {
    this.#shared = shared;
    this.#findings = new Fetched({ load: examine, show: worst });
    this.clear();
  }

  title = () => head.product;

  enter() {
    if (this.#ends.length) return;
    const { figures } = this.#shared;
    this.#ends = Object.entries(this.#parts).map(([kind, parts]) => figures.on(kind, (data) => this.#take(parts, data)));
    this.connection(this.#shared.connection);
    this.#examine();
  }

  leave() {
    clearTimeout(this.#timer);
    for (const end of this.#ends.splice(0)) end();
    this.#findings.stop();
  }

  connection(state) {
    const { takenAt } = this.#shared.figures;
    write(this.#freshness, takenAt === null ? "" : words.freshness[state](clock(takenAt)));
  }

  /** Nothing of what one person saw stays for the next to log in. */
  clear() {
    this.#findings.clear();
    write(this.#freshness, "");
    this.#make();
  }

  #make() {
    this.#parts = {
      stats: [new Headline(), new Throughput(), new Delays(), new CountsTable()],
      queues: [new QueuesSummary()],
      workers: [new WorkersSummary()],
    };
    const [headline, throughput, delays, counts] = this.#parts.stats.map((part) => part.element);
    const doctor = panel(words.findings, this.#findings.element);
    const [queues, workers] = [this.#parts.queues[0].element, this.#parts.workers[0].element];
    this.element.replaceChildren(
      element("div", { class: "page-head" }, element("h2", { tabindex: "-1" }, head.overview), this.#freshness),
      headline,
      throughput,
      element("div", { class: "panels" }, stacked(delays, counts, workers), stacked(queues, doctor)),
    );
  }

  #take(parts, data) {
    for (const part of parts) part.show(data);
    this.connection(this.#shared.connection);
  }

  /** The doctor looks at the whole database: now and then, and not while nobody looks at the page. */
  #examine() {
    if (!document.hidden) this.#findings.ask();
    this.#timer = setTimeout(() => this.#examine(), EXAMINE_MILLISECONDS);
  }
}

const stacked = (...panels) => element("div", { class: "stack" }, ...panels);

function worst(findings) {
  const ill = findings.filter((finding) => !isWell(finding)).slice(0, WORST);
  return [
    element("p", { class: "hint" }, summary(findings)),
    ill.length ? element("ul", { class: "findings" }, ...ill.map(told)) : null,
    element("a", { class: "link", href: to("doctor") }, words.toDoctor),
  ].filter(Boolean);
}
