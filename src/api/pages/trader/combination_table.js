/** All combinations of a sweep, by whichever column one likes, a page at a time. */

import { button, element } from "../common/dom.js";
import { whole } from "../common/format.js";
import { words } from "../words/sweep.js";
import { resultAt } from "./calls.js";
import { said } from "./combination.js";
import { label, shown } from "./metrics.js";
import { PagedRows } from "./paged_rows.js";
import { Sorting } from "./sorting.js";

const ROWS = 50;
/** What a narrow screen has room for beside the parameters. */
const FIRST = new Set(["sharpeRatio", "totalReturn"]);

export class CombinationTable {
  element;
  #jobId;
  #parameters;
  #metrics;
  #combinations;
  #shown = 0;
  #total;
  #paged = new PagedRows({
    moreText: words.more,
    read: ({ table }) => table,
    put: (part, isNew) => this.#put(part, isNew),
  });

  constructor(jobId, { table, parameters }, combinations) {
    this.#jobId = jobId;
    this.#parameters = parameters;
    this.#metrics = Object.keys(table.items[0] ?? {}).filter((name) => !parameters.includes(name));
    this.#combinations = combinations;
    this.#total = table.total;
    const csv = element("a", { class: "quiet", href: resultAt(jobId, { format: "csv" }), download: `sweep-${jobId}.csv` }, words.csv);
    this.element = element(
      "section",
      { class: "trades combinations part" },
      element("div", { class: "trades-head" }, this.#paged.heading, csv),
      this.#table(),
      this.#paged.problem,
      this.#paged.more,
    );
    const first = { items: table.items.slice(0, ROWS), ranks: table.ranks.slice(0, ROWS) };
    this.#paged.begin(first, table.total > ROWS ? resultAt(jobId, { offset: ROWS, limit: ROWS }) : null);
  }

  #table() {
    const sorting = new Sorting((sort, order) => this.#paged.reload(resultAt(this.#jobId, { sort, order, limit: ROWS })));
    const head = [
      element("th", { scope: "col" }, words.rank),
      ...this.#parameters.map((name) => sorting.head(name, name, "number")),
      ...this.#metrics.map((name) => sorting.head(name, label(name), classOf(name))),
      element("th", { scope: "col" }, element("span", { class: "unseen" }, words.run)),
    ];
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), this.#paged.rows);
    return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": words.table }, table);
  }

  #put({ items, ranks }, isNew) {
    this.#paged.rows.append(...items.map((item, index) => this.#row(item, ranks[index])));
    this.#shown = (isNew ? 0 : this.#shown) + items.length;
    const isPart = this.#shown < this.#total;
    this.#paged.heading.textContent = isPart ? words.tableOf(whole(this.#shown), whole(this.#total)) : `${words.table}, ${whole(this.#total)}`;
  }

  #row(item, rank) {
    const params = Object.fromEntries(this.#parameters.map((name) => [name, item[name]]));
    const stored = this.#combinations.isStored(rank);
    const open = stored
      ? element("a", { class: "link", href: this.#combinations.address(rank), "aria-label": words.openThis(said(params)) }, words.openRun)
      : button(words.run, () => this.#combinations.open(rank, params), { class: "link", "aria-label": words.runThis(said(params)) });
    return element(
      "tr",
      {},
      element("td", {}, whole(rank)),
      ...this.#parameters.map((name) => element("td", { class: "number" }, String(item[name]))),
      ...this.#metrics.map((name) => element("td", { class: classOf(name) }, shown(name, item[name]))),
      element("td", { class: "number" }, open),
    );
  }
}

const classOf = (name) => (FIRST.has(name) ? "number" : "number extra");
