/** How long jobs waited and ran: half of them, nearly all, and the worst. */

import { element } from "../common/dom.js";
import { words } from "../words/overview.js";
import { duration } from "./durations.js";
import { write } from "./rows.js";

const KINDS = { waitSeconds: words.waits, runSeconds: words.runs };
const PERCENTILES = ["p50", "p95", "p99"];

export class Delays {
  element = element("section", { class: "card sheet" });
  #cells = new Map();

  constructor() {
    const head = ["", ...PERCENTILES.map((name) => words.percentiles[name])];
    const rows = Object.entries(KINDS).map(([kind, name]) => {
      const cells = PERCENTILES.map((percentile) => this.#cell(kind, percentile));
      return element("tr", { "data-delay": kind }, element("th", { scope: "row" }, name), ...cells);
    });
    const columns = head.map((text) => (text ? element("th", { scope: "col", class: "number" }, text) : element("td")));
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...columns)), element("tbody", {}, ...rows));
    this.element.append(element("h3", {}, words.delays), table, element("p", { class: "hint" }, words.delaysHint));
  }

  show({ lastHour }) {
    for (const [[kind, percentile], cell] of this.#cells) write(cell, duration(lastHour[kind]?.[percentile]));
  }

  #cell(kind, percentile) {
    const cell = element("td", { class: "number" }, "–");
    this.#cells.set([kind, percentile], cell);
    return cell;
  }
}
