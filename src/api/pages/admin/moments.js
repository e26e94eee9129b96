/** Moments by the reader's own clock and manner, the exact time behind them; and how long things took. */

import { serverNow } from "../common/clock.js";
import { element } from "../common/dom.js";
import { span } from "../common/format.js";
import { language } from "../common/language.js";
import { words as common } from "../words/common.js";

const LOCALE = navigator.languages.find((one) => one.toLowerCase().startsWith(language)) ?? language;
const SHORT = new Intl.DateTimeFormat(LOCALE, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
const LONG = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "medium" });

/** Seconds between two ISO times; to now, by the server's clock, where the second is null. */
export const seconds = (from, until) =>
  Math.max(0, ((until ? Date.parse(until) : serverNow()) - Date.parse(from)) / 1000);

/** "0.04 s", "1.4 s", "12 s", "3 min". */
export const lasted = (count) => (count < 10 ? common.seconds(count.toFixed(count < 1 ? 2 : 1)) : span(count));

export const long = (iso) => LONG.format(new Date(iso));

/** A time of day and a date; the exact time on hover. */
export function when(iso, { isLong = false } = {}) {
  if (!iso) return element("span", {}, "–");
  return element("time", { datetime: iso, title: iso }, (isLong ? LONG : SHORT).format(new Date(iso)));
}

/** What a field of type datetime-local shows for an ISO time, and the ISO time of what it shows. */
export function local(iso) {
  const moment = new Date(iso ?? "");
  if (Number.isNaN(moment.getTime())) return "";
  const here = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  return here.toISOString().slice(0, 16);
}

export const exact = (shown) => (shown ? new Date(shown).toISOString() : null);
