/** Numbers, days and spans of time, as people read them. */

import { words } from "../words/common.js";

const MINUS = "\u2212";
const NONE = "–";

const number = (value, least, most) =>
  value.toLocaleString("en-US", { minimumFractionDigits: least, maximumFractionDigits: most }).replace("-", MINUS);

/** Numbers that are there; anything else becomes a dash. */
const given = (format) => (value, digits) => (Number.isFinite(value) ? format(value, digits) : NONE);

export const whole = given((value) => number(value, 0, 0));
export const ratio = given((value) => number(value, 2, 2));
export const units = given((value) => number(value, 2, 2));
export const money = given((value) => number(value, Number.isInteger(value) ? 0 : 2, 2));
export const price = given((value) => number(value, 2, Math.abs(value) < 10 ? 4 : 2));
export const percent = given((value) => `${number(value * 100, 2, 2)}%`);
/** With its sign; digits: after the point. */
export const change = given((value, digits = 2) => `${value > 0 ? "+" : ""}${number(value * 100, digits, digits)}%`);
export const gain = given((value) => `${value > 0 ? "+" : ""}${number(value, 2, 2)}`);

/** The day of an ISO time, or of epoch milliseconds. Intraday times keep their minutes. */
export function moment(value) {
  if (value === null || value === undefined) return NONE;
  const iso = typeof value === "number" ? new Date(value).toISOString() : String(value);
  const [day, time = ""] = iso.split("T");
  return time === "" || time.startsWith("00:00") ? day : `${day} ${time.slice(0, 5)}`;
}

export const day = (value) => moment(value).slice(0, 10);

export const clock = (iso) =>
  new Date(iso).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export function span(seconds) {
  if (seconds < 90) return words.seconds(Math.max(1, Math.round(seconds)));
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return words.minutes(minutes);
  const hours = Math.round(minutes / 60);
  return hours < 48 ? words.hours(hours) : words.days(Math.round(hours / 24));
}
