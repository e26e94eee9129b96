/** Requests, and what can become of them. */

import { heard } from "./clock.js";
import { reasoned } from "./known.js";
import { language } from "./language.js";
import { words } from "../words/common.js";

const PATIENCE_MILLISECONDS = 15_000;
/** The path before the service's own: what is before that of these files, whatever page they are used on. */
const HERE = new URL(import.meta.url).pathname;
export const ROOT = HERE.slice(0, HERE.lastIndexOf("/static/"));

const SESSION = `${ROOT}/api/session`;

/**
 * status: 0 when nobody answered; code: the server's word for it; details: [{path, message}] of wrong members; facts:
 * all else that the answer says, such as a limit.
 */
export class Refusal extends Error {
  constructor(status, message, { details = [], retryAfter = null, code = null, facts = {} } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
    this.facts = facts;
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
export async function ask(method, path, { body, headers = {}, signal, cache = "no-store" } = {}) {
  if (leadsElsewhere(path)) throw new Refusal(404, words.nothingThere);
  const late = AbortSignal.timeout(PATIENCE_MILLISECONDS);
  const options = {
    method,
    headers: { Accept: "application/json", "Accept-Language": language, ...headers },
    cache,
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
    heard(response.headers.get("Date"));
    data = await read(response);
  } catch {
    throw new Refusal(0, words.away);
  }
  if (response.ok || response.status === 304) {
    return { status: response.status, data, etag: response.headers.get("ETag") };
  }
  // Whatever asked: a session that has ended has ended for all of the page. Of the question who is here it is the answer.
  if (response.status === 401 && path !== SESSION) window.dispatchEvent(new Event("unauthorized"));
  throw refusal(response, data);
}

/** An id that is empty, or dots, as a broken link has it, would ask for what stands above it and take that for one thing. */
function leadsElsewhere(path) {
  const [place] = path.split("?");
  return place.endsWith("/") || new URL(path, location.origin).pathname !== place;
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
  const details = (data?.details ?? []).map(reasoned);
  const isWorded = details.some(({ message }, index) => message !== data.details[index].message);
  const sentence = words.refusals[data?.code] ?? (isWorded ? details.map(({ message }) => message).join(" ") : data?.detail);
  const message = sentence ?? (status === 429 ? words.tooMany(retryAfter ?? 5) : words.refused(status));
  // That a session has ended the gate says, for all that asked.
  return new Refusal(status, status === 401 ? "" : message, { details, retryAfter, code: data?.code, facts: data ?? {} });
}

export const session = {
  show: async () => (await ask("GET", SESSION)).data,
  byCode: async (code) => (await ask("POST", SESSION, { body: { code } })).data,
  byKey: async (key) => (await ask("POST", SESSION, { headers: { Authorization: `Bearer ${key}` } })).data,
  end: () => ask("DELETE", SESSION),
};
