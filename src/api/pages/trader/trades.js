/** The trades, a page at a time. */

import { csv, page } from "./calls.js";
import { button, element, say } from "../common/dom.js";
import { change, gain, moment, price, units } from "../common/format.js";
import { words } from "../words/results.js";

/** How columns are set: numbers to the right, and those a narrow screen has no room for. */
const COLUMNS = ["", "", "number extra", "", "number extra", "number extra", "number", "number"];

export class Trades {
  element;
  #next;
  #total;
  #shown = 0;
  #rows = element("tbody");
  #heading = element("h4", { tabindex: "-1" });
  #problem = element("p", { class: "notice", role: "alert", hidden: true });
  #more = button(words.moreTrades, () => this.#load(), { class: "quiet" });

  constructor(jobId, trades) {
    this.#total = trades.total;
    const links = element("a", { class: "quiet", href: csv(jobId), download: `trades-${jobId}.csv` }, words.csv);
    this.element =
      trades.total === 0
        ? element("div", { class: "trades" }, element("p", { class: "empty" }, words.noTrades))
        : element(
            "div",
            { class: "trades" },
            element("div", { class: "trades-head" }, this.#heading, links),
            element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": words.tradeTable }, this.#table()),
            this.#problem,
            this.#more,
          );
    this.#add(trades);
  }

  #table() {
    const head = words.columns.map((name, index) => element("th", { scope: "col", class: COLUMNS[index] }, name));
    return element("table", {}, element("thead", {}, element("tr", {}, ...head)), this.#rows);
  }

  #add({ items, next }) {
    this.#rows.append(...items.map(row));
    this.#shown += items.length;
    this.#next = next;
    this.#more.hidden = !next;
    this.#heading.textContent = words.trades(this.#shown, this.#total);
  }

  async #load() {
    this.#more.disabled = true;
    say(this.#problem, "");
    try {
      this.#add((await page(this.#next)).trades);
      if (this.#more.hidden) this.#heading.focus();
    } catch (refusal) {
      say(this.#problem, refusal.message);
    }
    this.#more.disabled = false;
  }
}

function row(trade) {
  const tone = trade.pnl > 0 ? "up" : trade.pnl < 0 ? "down" : "";
  const exit = trade.isOpen || !trade.exitTime ? words.open : moment(trade.exitTime);
  const cells = [
    words.sides[trade.side] ?? trade.side,
    moment(trade.entryTime),
    price(trade.entryPrice),
    exit,
    price(trade.exitPrice),
    units(trade.units),
    gain(trade.pnl),
    change(trade.return),
  ];
  const classes = (index) => (index < 6 ? COLUMNS[index] : `${COLUMNS[index]} ${tone}`);
  return element("tr", {}, ...cells.map((cell, index) => element("td", { class: classes(index) }, cell)));
}
