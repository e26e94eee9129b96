/** Requests, and what can become of them. */

import { words } from "./strings.js";

const PATIENCE_MILLISECONDS = 15_000;
/** The path before the service's own: what is before that of these files, whatever page they are used on. */
const HERE = new URL(import.meta.url).pathname;
const ROOT = HERE.slice(0, HERE.lastIndexOf("/static/"));

/** status: 0 when nobody answered; details: [{path, message}] of wrong members; message: a sentence for people. */
export class Refusal extends Error {
  constructor(status, message, { details = [], retryAfter = null } = {}) {
    super(message);
    this.status = status;
    this.details = details;
    this.retryAfter = retryAfter;
  }

  get isUnauthorized() {
    return this.status === 401;
  }

  /** Nobody knows whether it was done: the server was not reached, or failed in the middle. */
  get isUncertain() {
    return this.status === 0 || this.status >= 500;
  }
}

/** {status, data, etag}; a 304 has no data. Throws Refusal for everything that is not a success. */
export async function ask(method, path, { body, headers = {}, signal } = {}) {
  const late = AbortSignal.timeout(PATIENCE_MILLISECONDS);
  const options = {
    method,
    headers: { Accept: "application/json", ...headers },
    cache: "no-store",
    credentials: "same-origin",
    signal: signal ? AbortSignal.any([late, signal]) : late,
  };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  let data;
  try {
    response = await fetch(path, options);
    data = await read(response);
  } catch {
    throw new Refusal(0, words.away);
  }
  if (response.ok || response.status === 304) {
    return { status: response.status, data, etag: response.headers.get("ETag") };
  }
  throw refusal(response, data);
}

async function read(response) {
  const text = await response.text();
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

function refusal(response, data) {
  const { status } = response;
  const retryAfter = Number.parseInt(response.headers.get("Retry-After") ?? "", 10) || null;
  const message = data?.detail ?? (status === 429 ? words.tooMany(retryAfter ?? 5) : words.refused(status));
  return new Refusal(status, message, { details: data?.details ?? [], retryAfter });
}

export const session = {
  show: async () => (await ask("GET", `${ROOT}/api/session`)).data,
  byCode: async (code) => (await ask("POST", `${ROOT}/api/session`, { body: { code } })).data,
  byKey: async (key) => (await ask("POST", `${ROOT}/api/session`, { headers: { Authorization: `Bearer ${key}` } })).data,
  end: () => ask("DELETE", `${ROOT}/api/session`),
};

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
