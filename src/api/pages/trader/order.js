/** The ticket's fields as a request, and a request as the ticket's fields. */

import { find } from "../common/dom.js";
import { words } from "../words/desk.js";

/** Costs are asked for in hundredths of a percent, and sent as fractions. */
const BASIS_POINTS = 10_000;
const COSTS = ["commission", "slippage"];
const OF_SWEEPS = ["grid-fields", "sweep-options"];

export const isSweep = () => find("mode-sweep").checked;

export function setMode(sweep) {
  find(sweep ? "mode-sweep" : "mode-run").checked = true;
  for (const id of OF_SWEEPS) find(id).hidden = !sweep;
  find("parameter-fields").hidden = sweep || find("parameters").children.length === 0;
}

/** The body to send. null where a field is empty: the server says what it wants there. */
export function bodyOf({ parameters, grid, market, strategy }) {
  const { grid: axes, fixed } = isSweep() ? grid.chosen() : { grid: null, fixed: parameters.chosen() };
  const costs = Object.fromEntries(COSTS.map((name) => [name, fractionIn(name)]).filter(([, value]) => value !== 0));
  const params = {
    symbol: market.symbol,
    timeframe: market.timeframe,
    startDate: find("start").value,
    endDate: find("end").value,
    initialCapital: numberIn("capital"),
    ...given({ strategyParams: fixed, costs }),
    ...given({ benchmark: find("benchmark").value.trim().toUpperCase(), outOfSampleFrom: find("sample").value }),
    ...(find("close-at-end").checked && { closeAtEnd: true }),
  };
  const body = { strategyId: strategy.id, params, priority: numberIn("priority") };
  if (axes === null) return body;
  return { ...body, grid: axes, ...given({ where: find("where").value.trim() }), rankBy: find("rank-by").value };
}

/** Fills the ticket from a body. Answers with sentences about what could not be taken over. */
export function fill({ strategyId, params, priority, grid, where, rankBy }, { parameters, grid: axes, period, market, strategy }) {
  const missing = [];
  if (!market.choose(params.symbol, params.timeframe)) missing.push(words.symbolGone(params.symbol));
  if (!strategy.choose(strategyId)) missing.push(words.strategyGone);
  else {
    const fixed = params.strategyParams ?? {};
    parameters.set(fixed);
    if (grid) axes.set({ grid, fixed, where });
  }
  if (params.startDate) period.set({ start: params.startDate, end: params.endDate });
  find("capital").value = params.initialCapital;
  find("priority").value = priority ?? 5;
  for (const name of COSTS) find(name).value = Number(((params.costs?.[name] ?? 0) * BASIS_POINTS).toPrecision(10));
  find("benchmark").value = params.benchmark ?? "";
  find("sample").value = params.outOfSampleFrom ?? "";
  find("close-at-end").checked = params.closeAtEnd === true;
  find("more").open ||= Boolean(params.benchmark || params.outOfSampleFrom || params.closeAtEnd);
  if (rankBy) find("rank-by").value = rankBy;
  setMode(Boolean(grid));
  if (hasMore(params)) missing.push(words.notTakenOver);
  return missing;
}

/** Members that a request over HTTP may have and the ticket has no field for. */
function hasMore({ costs, lot, riskFreeRate }) {
  const fees = ["fixed", "minimum", "perUnit"].some((name) => costs?.[name]);
  return Boolean(fees || lot || riskFreeRate);
}

/** Members with something in them. */
const given = (members) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => (typeof value === "string" ? value : Object.keys(value).length > 0)));

function numberIn(id) {
  const value = find(id).valueAsNumber;
  return Number.isNaN(value) ? null : value;
}

/** An empty cost is none. */
const fractionIn = (id) => Number(((numberIn(id) ?? 0) / BASIS_POINTS).toPrecision(10));
