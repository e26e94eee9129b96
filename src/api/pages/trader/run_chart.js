/** What is drawn of a run: the prices with its trades, its equity beside holding, and its drawdown. */

import { Refusal } from "../common/api.js";
import { change, moment, money, percent, price, whole } from "../common/format.js";
import { words } from "../words/results.js";
import { bars } from "./calls.js";
import { Chart } from "./chart.js";
import { Course, lastNotAfter, union } from "./timeline.js";

export function runChart(found, title, onRead) {
  return new Chart(title, async (signal) => subject(found, await prices(found.coverage, signal)), onRead);
}

/** null with the reason where there are none: the run's own curves are drawn without them. */
async function prices({ symbol, timeframe, dataStart, dataEnd }, signal) {
  try {
    const found = await bars(symbol, { timeframe, start: dataStart, end: dataEnd }, signal);
    return found.time.length > 0 ? found : { lost: words.noPrices };
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    return { lost: words.pricesLost(refusal.message) };
  }
}

function subject(found, priced) {
  const equity = new Course(found.equity.points);
  const fall = new Course(found.drawdown.points);
  const beside = besideIt(found, priced);
  const times = union(equity.times, priced.time ?? []);
  const panes = [equityPane(equity, beside), fallPane(fall)];
  if (priced.time) panes.unshift(pricePane(priced, found.trades.items));
  const trades = stretches(found.trades.items);
  return {
    times,
    panes,
    legend: legend(priced, beside),
    note: notes(found, priced),
    say: (time) => reading({ time, equity, fall, beside, priced, trade: tradeAt(trades, time) }),
  };
}

/** What the money would have become otherwise: in the benchmark, else in what was traded itself. */
function besideIt({ benchmark, initialCapital }, priced) {
  if (benchmark?.points) return { label: words.benchmarkOf(benchmark.symbol), course: new Course(benchmark.points) };
  if (!priced.time) return null;
  const units = initialCapital / priced.open[0];
  const pairs = priced.time.map((time, index) => [time, priced.close[index] * units]);
  return { label: words.holding(priced.symbol), course: new Course(pairs) };
}

function pricePane(priced, trades) {
  const points = priced.time.map((time, index) =>
    priced.closeOnly
      ? { time, value: priced.close[index] }
      : { time, open: priced.open[index], high: priced.high[index], low: priced.low[index], close: priced.close[index] },
  );
  const candles = { upColor: "--up", downColor: "--down", wickUpColor: "--up", wickDownColor: "--down" };
  const line = priced.closeOnly
    ? { kind: "line", colours: { color: "--muted" }, thin: true }
    : { kind: "candles", colours: { ...candles, borderUpColor: "--up", borderDownColor: "--down" } };
  return { title: priced.symbol, weight: 5, lines: [{ ...line, points, format: price, marks: marks(priced.time, trades) }] };
}

function equityPane(equity, beside) {
  const line = (token, course) => ({ kind: "line", colours: { color: token }, points: points(course), format: whole });
  const lines = [line("--accent", equity)];
  if (beside) lines.push({ ...line("--warn-mark", beside.course), dashed: true, thin: true });
  return { title: words.equity, weight: 4, lines };
}

function fallPane(fall) {
  const fills = { bottomFillColor1: "--fall", bottomFillColor2: "--fall" };
  const colours = { topLineColor: "--down", bottomLineColor: "--down", ...fills };
  const line = { kind: "fall", colours, points: points(fall), format: (value) => percent(value), thin: true };
  return { title: words.drawdown, weight: 2, lines: [line] };
}

const points = ({ pairs }) => pairs.map(([time, value]) => ({ time, value }));

function marks(times, trades) {
  const at = (iso) => times[Math.max(0, lastNotAfter(times, Date.parse(iso)))];
  const found = trades.flatMap((trade) => {
    const isLong = trade.side === "long";
    const [below, above] = [{ position: "belowBar", shape: "arrowUp" }, { position: "aboveBar", shape: "arrowDown" }];
    const entry = { ...(isLong ? below : above), token: isLong ? "--up" : "--down", time: at(trade.entryTime) };
    const marked = [{ ...entry, text: words.markSides[trade.side] }];
    if (!trade.isOpen) {
      const { position } = isLong ? above : below;
      const exit = { position, shape: "circle", token: "--ink", time: at(trade.exitTime), size: 0.6 };
      marked.push({ ...exit, text: change(trade.return) });
    }
    return marked;
  });
  return found.sort((a, b) => a.time - b.time);
}

/** The trades with the moments between which each was open; an open one is so to the end of time. */
export const stretches = (trades) =>
  trades.map((trade) => {
    const to = trade.exitTime ? Date.parse(trade.exitTime) : Infinity;
    return { ...trade, from: Date.parse(trade.entryTime), to };
  });

export const tradeAt = (trades, time) => trades.findLast(({ from, to }) => from <= time && time <= to);

function reading({ time, equity, fall, beside, priced, trade }) {
  const facts = [words.reading(moment(time), money(cents(equity.at(time))), percent(fall.at(time)))];
  const at = priced.time ? lastNotAfter(priced.time, time) : -1;
  if (at >= 0) facts.push(priced.closeOnly ? words.closeAt(price(priced.close[at])) : words.barAt(...bar(priced, at)));
  const otherwise = beside?.course.at(time);
  if (otherwise !== undefined) facts.push(`${beside.label} ${money(cents(otherwise))}`);
  if (trade) facts.push(words.inTrade(words.sides[trade.side], moment(trade.entryTime), change(trade.return), trade.isOpen));
  return facts.join(", ");
}

const bar = (priced, at) => [priced.open, priced.high, priced.low, priced.close].map((values) => price(values[at]));
const cents = (value) => Math.round(value * 100) / 100;

function legend(priced, beside) {
  const found = [
    priced.time && { label: words.priceOf(priced.symbol), mark: priced.closeOnly ? "price" : "candles" },
    { label: words.equity, mark: "equity" },
    beside && { label: beside.label, mark: "beside" },
    { label: words.drawdown, mark: "fall" },
    priced.time && { label: words.marksLong, mark: "long" },
    priced.time && { label: words.marksShort, mark: "short" },
    priced.time && { label: words.marksExit, mark: "exit" },
  ];
  return found.filter(Boolean);
}

function notes({ trades, coverage }, priced) {
  return [
    priced.lost,
    priced.barsPerBucket > 1 && words.bucketed(whole(priced.barsPerBucket)),
    priced.version !== undefined && priced.version !== coverage.version && words.pricesChanged,
    trades.items.length < trades.total && words.marksCut(whole(trades.items.length), whole(trades.total)),
  ].filter(Boolean).join(" ");
}
