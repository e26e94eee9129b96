/** The trades: in the order one likes, a page at a time, each one's way to its place in the chart. */

import { button, element } from "../common/dom.js";
import { change, gain, moment, percent, price, units, whole } from "../common/format.js";
import { words } from "../words/results.js";
import { resultAt } from "./calls.js";
import { PagedRows } from "./paged_rows.js";
import { Sorting } from "./sorting.js";

const ROWS = 50;
/** By the server's name of a column: what stands in it, and whether a narrow screen has room for it. */
const COLUMNS = {
  side: { show: ({ side }) => words.sides[side] ?? side },
  entryTime: { show: ({ entryTime }) => moment(entryTime) },
  entryPrice: { show: ({ entryPrice }) => price(entryPrice), isNumber: true, isExtra: true },
  exitTime: { show: ({ exitTime, isOpen }) => (isOpen || !exitTime ? words.open : moment(exitTime)) },
  exitPrice: { show: ({ exitPrice }) => price(exitPrice), isNumber: true, isExtra: true },
  units: { show: (trade) => units(trade.units), isNumber: true, isExtra: true },
  fees: { show: ({ fees }) => units(fees), isNumber: true, isExtra: true },
  barsHeld: { show: ({ barsHeld }) => whole(barsHeld), isNumber: true, isExtra: true },
  mae: { show: ({ mae }) => percent(mae), isNumber: true, isExtra: true },
  mfe: { show: ({ mfe }) => percent(mfe), isNumber: true, isExtra: true },
  exitReason: { show: ({ exitReason }) => words.reasons[exitReason] ?? exitReason ?? "", isExtra: true },
  pnl: { show: ({ pnl }) => gain(pnl), isNumber: true, isToned: true },
  return: { show: (trade) => change(trade.return), isNumber: true, isToned: true },
};

export class Trades {
  element;
  #at;
  #total;
  #shown = [];
  #onShow;
  #paged = new PagedRows({
    moreText: words.moreTrades,
    read: ({ trades }) => trades,
    put: ({ items }, isNew) => this.#put(items, isNew),
  });

  /** at: {jobId, best}. first: the answer's trades. onShow(trade): someone wants to see it in the chart. */
  constructor(at, first, onShow) {
    this.#at = at;
    this.#total = first.total;
    this.#onShow = onShow;
    const csv = (of, text) => {
      const href = resultAt(at.jobId, { best: at.best, format: "csv", of });
      return element("a", { class: "quiet", href, download: `${of}-${at.jobId}.csv` }, text);
    };
    const links = element("p", { class: "links" }, first.total > 0 ? csv("trades", words.csv) : null, csv("equity", words.equityCsv));
    const body = first.total === 0 ? [element("p", { class: "empty" }, words.noTrades)] : [this.#table(), this.#paged.problem, this.#paged.more];
    this.element = element("section", { class: "trades part" }, element("div", { class: "trades-head" }, this.#paged.heading, links), ...body);
    const rest = first.total > ROWS;
    const next = rest ? resultAt(at.jobId, { best: at.best, offset: ROWS, limit: ROWS }) : null;
    this.#paged.begin({ items: first.items.slice(0, ROWS) }, next);
  }

  /** Marks the row of the trade that is being read in the chart; null: of none. */
  mark(trade) {
    const at = trade ? this.#shown.findIndex((each) => each.entryTime === trade.entryTime) : -1;
    [...this.#paged.rows.children].forEach((row, index) => row.classList.toggle("is-read", index === at));
  }

  #table() {
    const sorting = new Sorting((sort, order) => this.#sort(sort, order));
    const head = Object.entries(COLUMNS).map(([name, column]) => sorting.head(name, words.columns[name], classOf(column)));
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), this.#paged.rows);
    return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": words.tradeTable }, table);
  }

  #sort(sort, order) {
    return this.#paged.reload(resultAt(this.#at.jobId, { best: this.#at.best, sort, order, limit: ROWS }));
  }

  #put(trades, isNew) {
    this.#paged.rows.append(...trades.map((trade) => this.#row(trade)));
    this.#shown = isNew ? trades : [...this.#shown, ...trades];
    this.#paged.heading.textContent = words.trades(whole(this.#shown.length), whole(this.#total), this.#shown.length < this.#total);
  }

  #row(trade) {
    const tone = trade.pnl > 0 ? "up" : trade.pnl < 0 ? "down" : "";
    const cells = Object.entries(COLUMNS).map(([name, column]) => {
      const text = column.show(trade);
      const inside = name === "entryTime" ? this.#link(trade, text) : text;
      return element("td", { class: [classOf(column), column.isToned && tone].filter(Boolean).join(" ") || null }, inside);
    });
    return element("tr", {}, ...cells);
  }

  #link(trade, text) {
    const label = words.showTrade(words.sides[trade.side] ?? trade.side, text);
    return button(text, () => this.#onShow(trade), { class: "link", "aria-label": label, title: words.inChart });
  }
}

const classOf = ({ isNumber, isExtra }) => [isNumber && "number", isExtra && "extra"].filter(Boolean).join(" ");
