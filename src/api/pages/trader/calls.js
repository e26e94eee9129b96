/** What traders ask the server for. */

import { ROOT, ask } from "../common/api.js";

const QUEUE = `${ROOT}/api/backtest/queue`;
const JOBS = `${ROOT}/api/backtest/jobs`;
const of = (jobId) => `${QUEUE}/${encodeURIComponent(jobId)}`;

export const EVENTS = `${ROOT}/api/backtest/events`;
export const symbols = async () => (await ask("GET", `${ROOT}/api/symbols`)).data.symbols;
export const strategies = async () => (await ask("GET", `${ROOT}/api/strategies`)).data.strategies;
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
export const requeue = async (jobId) => (await ask("POST", `${of(jobId)}/requeue`)).data;
export const result = async (jobId) => (await ask("GET", `${of(jobId)}/result?limit=20`)).data;
export const page = async (url) => (await ask("GET", url)).data;
export const csv = (jobId) => `${of(jobId)}/result?format=csv`;
