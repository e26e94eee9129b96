/** How long jobs waited and ran: half of them, nearly all, and the worst. */

import { element } from "../common/dom.js";
import { words } from "../words/overview.js";
import { duration } from "./durations.js";
import { panel, table } from "./panel.js";
import { write } from "./rows.js";

const KINDS = { waitSeconds: words.waits, runSeconds: words.runs };
const PERCENTILES = ["p50", "p95", "p99"];

export class Delays {
  element;
  #cells = new Map();

  constructor() {
    const columns = [null, ...PERCENTILES.map((name) => words.percentiles[name])];
    const rows = Object.entries(KINDS).map(([kind, name]) => {
      const cells = PERCENTILES.map((percentile) => this.#cell(kind, percentile));
      return element("tr", { "data-delay": kind }, element("th", { scope: "row" }, name), ...cells);
    });
    const made = table({ columns, body: rows, isNumber: () => true });
    this.element = panel(words.delays, made, element("p", { class: "hint" }, words.delaysHint));
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
