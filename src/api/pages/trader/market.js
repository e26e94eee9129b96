/** What to run on: a symbol out of all there are, and the length of its bars, with what prices there are. */

import { Combobox } from "../common/combobox.js";
import { element, find, say } from "../common/dom.js";
import { day, whole } from "../common/format.js";
import { words as common } from "../words/common.js";
import { words } from "../words/desk.js";

/** Shortest first. A run makes longer bars out of shorter ones. */
const TIMEFRAMES = ["1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w"];
const USUAL = "1d";

export class Market {
  #series = new Map();
  #picker;
  #benchmark = find("benchmark");
  #onChange;

  /** onChange(): another symbol, or other bars of it. */
  constructor(onChange) {
    this.#onChange = onChange;
    this.#picker = new Combobox(find("symbol"), {
      onChoose: () => this.#show(),
      row: ({ value }) => this.#row(this.#series.get(value)),
      more: (count) => words.moreSymbols(whole(count)),
      none: words.noSuchSymbol,
    });
    find("timeframe").addEventListener("change", () => this.#say());
  }

  /** series: as the server lists them, one for each symbol and timeframe that is stored. */
  offer(series) {
    this.#series = grouped(series);
    const options = [...this.#series].map(([symbol, [{ name }]]) => ({
      value: symbol,
      text: [symbol, name].filter(Boolean).join(" · "),
      search: `${symbol} ${name ?? ""}`.toLowerCase(),
    }));
    this.#picker.offer(options);
    find("benchmark-list").replaceChildren(...options.map(({ value, text }) => new Option(text, value)));
    if (this.symbol === null && options.length > 0) this.choose(options[0].value, USUAL);
    else this.#show();
  }

  /** Whether there is such a symbol. */
  choose(symbol, timeframe) {
    if (!this.#picker.choose(symbol)) return false;
    this.#show(timeframe);
    return true;
  }

  clear() {
    this.#series = new Map();
    this.#picker.clear();
    find("timeframe").replaceChildren();
    find("benchmark-list").replaceChildren();
    this.#benchmark.value = "";
    say(find("symbol-hint"), "");
  }

  get symbol() {
    return this.#picker.value;
  }

  get timeframe() {
    return find("timeframe").value;
  }

  /** The stored prices that the chosen bars are, or are made of: the longest that are short enough. */
  get prices() {
    const stored = this.#series.get(this.symbol) ?? [];
    const fitting = stored.filter((one) => rank(one.timeframe) <= rank(this.timeframe));
    return fitting.sort((a, b) => rank(b.timeframe) - rank(a.timeframe))[0] ?? null;
  }

  #row(stored) {
    const { symbol, name, closeOnly } = stored[0];
    const firsts = stored.map((one) => day(one.first)).sort();
    const lasts = stored.map((one) => day(one.last)).sort();
    const facts = [`${firsts[0].slice(0, 7)} – ${lasts.at(-1).slice(0, 7)}`, stored.map((one) => one.timeframe).join(" "), closeOnly && common.closesOnly];
    return [
      element("strong", {}, symbol),
      element("span", { class: "option-name" }, name ?? ""),
      element("span", { class: "hint" }, facts.filter(Boolean).join(" · ")),
    ];
  }

  #show(timeframe = this.timeframe || USUAL) {
    const stored = this.#series.get(this.symbol) ?? [];
    const shortest = Math.min(...stored.map((one) => rank(one.timeframe)));
    const possible = TIMEFRAMES.filter((one) => rank(one) >= shortest);
    const place = find("timeframe");
    place.replaceChildren(...possible.map((one) => new Option(words.timeframes[one], one)));
    place.value = possible.includes(timeframe) ? timeframe : possible.includes(USUAL) ? USUAL : possible[0];
    this.#say();
  }

  #say() {
    const { prices } = this;
    if (prices === null) return;
    const { first, last, bars, timeframe, closeOnly, adjusted } = prices;
    const facts = [
      words.prices(day(first), day(last), whole(bars)),
      timeframe !== this.timeframe && words.madeOf(common.bars[timeframe] ?? timeframe),
      closeOnly && common.closesOnly,
      adjusted && common.adjusted,
    ];
    say(find("symbol-hint"), facts.filter(Boolean).join(" · "));
    this.#onChange();
  }
}

const rank = (timeframe) => TIMEFRAMES.indexOf(timeframe);

function grouped(series) {
  const groups = new Map();
  for (const one of series) {
    if (!groups.has(one.symbol)) groups.set(one.symbol, []);
    groups.get(one.symbol).push(one);
  }
  return groups;
}
