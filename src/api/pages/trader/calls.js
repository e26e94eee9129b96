/** What traders ask the server for. */

import { ROOT, Refusal, ask } from "../common/api.js";
import { reasoned, worded } from "../common/known.js";
import { words } from "../words/common.js";

const QUEUE = `${ROOT}/api/backtest/queue`;
const JOBS = `${ROOT}/api/backtest/jobs`;
const of = (jobId) => `${QUEUE}/${encodeURIComponent(jobId)}`;

export const EVENTS = `${ROOT}/api/backtest/events`;
export const symbols = async () => (await ask("GET", `${ROOT}/api/symbols`)).data.symbols;
export const strategies = async () => (await ask("GET", `${ROOT}/api/strategies`)).data.strategies.map(worded);
export const recent = async (signal) => (await ask("GET", `${JOBS}?standing=1&limit=50`, { signal })).data.jobs;
/** Those that wait or run, and where the waiting ones stand. */
export const unfinished = async (signal) =>
  (await ask("GET", `${JOBS}?status=waiting,processing&standing=1&limit=200`, { signal })).data.jobs;
/** {jobs, next}: the newest that the query asks for; next is the address of the following page. */
export const history = async (query, signal) => (await ask("GET", `${JOBS}?${query}`, { signal })).data;
export const account = async (signal) => (await ask("GET", `${ROOT}/api/account`, { signal })).data;
export const look = (jobId, etag, signal) =>
  ask("GET", of(jobId), { headers: etag ? { "If-None-Match": etag } : {}, signal });
/** A body with a grid is a sweep. */
export const submit = async (body, key) =>
  (await ask("POST", "grid" in body ? `${ROOT}/api/backtest/sweeps` : QUEUE, { body, headers: { "Idempotency-Key": key } })).data;
export const cancel = async (jobId) => (await ask("DELETE", of(jobId))).data;
export const requeue = async (jobId, key) =>
  (await ask("POST", `${of(jobId)}/requeue`, { headers: { "Idempotency-Key": key } })).data;
export const page = async (url) => (await ask("GET", url)).data;

/** Where a result is, with what is asked of it: best, sort, order, offset, limit, format, heatmap, metric. */
export const resultAt = (jobId, facts = {}) => `${of(jobId)}/result${search(facts)}`;
export const result = (jobId, facts = {}) => page(resultAt(jobId, { limit: 1000, ...facts }));

/** At most 2,000 buckets of prices. One address serves all runs on them, so the browser may keep them. */
export async function bars(symbol, { timeframe, start, end }, signal) {
  const path = `${ROOT}/api/symbols/${encodeURIComponent(symbol)}/bars${search({ timeframe, start, end })}`;
  return (await ask("GET", path, { signal, cache: "default" })).data;
}

function search(facts) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(facts)) if (value !== null && value !== undefined) query.append(name, value);
  return query.size > 0 ? `?${query}` : "";
}

const STRATEGIES = `${ROOT}/api/strategies`;
const strategyAt = (id) => `${STRATEGIES}/${encodeURIComponent(id)}`;

/** One strategy, whole. Beside strategies other things have addresses, too. */
export async function strategy(id, signal) {
  const { data } = await ask("GET", strategyAt(id), { signal });
  if (data?.definition === undefined) throw new Refusal(404, words.nothingThere);
  return worded(data);
}
export async function checkStrategy(definition, signal) {
  const { data } = await ask("POST", `${STRATEGIES}/check`, { body: { definition }, signal });
  return { ...data, errors: data.errors.map(reasoned) };
}
export const keepStrategy = async (definition) => (await ask("POST", STRATEGIES, { body: { definition } })).data;
/** Only in place of the revision that was read: who changed it meanwhile is not overwritten. */
export const replaceStrategy = async (id, definition, revision) =>
  (await ask("PUT", strategyAt(id), { body: { definition }, headers: { "If-Match": `"${revision}"` } })).data;
export const forgetStrategy = (id, revision) =>
  ask("DELETE", strategyAt(id), { headers: { "If-Match": `"${revision}"` } });
/** What rules may say: prices, functions, indicators, words. */
export const language = async () => (await ask("GET", `${STRATEGIES}/functions`)).data;
