/** What traders ask the server for. */

import { ROOT, ask } from "../common/api.js";

const QUEUE = `${ROOT}/api/backtest/queue`;
const of = (jobId) => `${QUEUE}/${encodeURIComponent(jobId)}`;

export const EVENTS = `${ROOT}/api/backtest/events`;
export const symbols = async () => (await ask("GET", `${ROOT}/api/symbols`)).data.symbols;
export const strategies = async () => (await ask("GET", `${ROOT}/api/strategies`)).data.strategies;
export const recent = async (signal) => (await ask("GET", `${ROOT}/api/backtest/jobs?limit=50`, { signal })).data.jobs;
export const look = (jobId, etag, signal) =>
  ask("GET", of(jobId), { headers: etag ? { "If-None-Match": etag } : {}, signal });
export const submit = async (body, key) =>
  (await ask("POST", QUEUE, { body, headers: { "Idempotency-Key": key } })).data;
export const cancel = async (jobId) => (await ask("DELETE", of(jobId))).data;
export const requeue = async (jobId) => (await ask("POST", `${of(jobId)}/requeue`)).data;
export const result = async (jobId) => (await ask("GET", `${of(jobId)}/result?limit=20`)).data;
export const page = async (url) => (await ask("GET", url)).data;
export const csv = (jobId) => `${of(jobId)}/result?format=csv`;

const STRATEGIES = `${ROOT}/api/strategies`;
const strategyAt = (id) => `${STRATEGIES}/${encodeURIComponent(id)}`;

/** One strategy, whole. */
export const strategy = async (id, signal) => (await ask("GET", strategyAt(id), { signal })).data;
export const checkStrategy = async (definition, signal) =>
  (await ask("POST", `${STRATEGIES}/check`, { body: { definition }, signal })).data;
export const keepStrategy = async (definition) => (await ask("POST", STRATEGIES, { body: { definition } })).data;
/** Only in place of the revision that was read: who changed it meanwhile is not overwritten. */
export const replaceStrategy = async (id, definition, revision) =>
  (await ask("PUT", strategyAt(id), { body: { definition }, headers: { "If-Match": `"${revision}"` } })).data;
export const forgetStrategy = (id, revision) =>
  ask("DELETE", strategyAt(id), { headers: { "If-Match": `"${revision}"` } });
/** What rules may say: prices, functions, indicators, words. */
export const language = async () => (await ask("GET", `${STRATEGIES}/functions`)).data;
