/** The five figures that say how it goes. */

import { element } from "../common/dom.js";
import { percent, span, whole } from "../common/format.js";
import { words } from "../words/overview.js";
import { totalOf } from "./counts_table.js";
import { duration } from "./durations.js";
import { lastMinutes } from "./minutes.js";
import { write } from "./rows.js";

const LONG_SECONDS = 60;
/** As deploy/prometheus/alerts.yml has it. */
export const ALARM_SECONDS = 300;
const RATE_MINUTES = 5;

export class Headline {
  element = element("section", { class: "tiles", "aria-label": words.headline });
  #tiles = Object.fromEntries(
    ["waiting", "running", "rate", "failed", "wait"].map((name) => [name, new Tile(name, words[name])]),
  );

  constructor() {
    this.element.append(...Object.values(this.#tiles).map((tile) => tile.element));
  }

  show(stats) {
    const { waiting, running, rate, failed, wait } = this.#tiles;
    const { lastHour } = stats;
    waiting.show(totalOf(stats, "waiting"), ...oldest(stats.oldestWaitingSeconds));
    running.show(totalOf(stats, "processing"), words.ofSlots(whole(stats.slots), whole(stats.workers)));
    rate.show(rounded(perMinute(lastHour)), words.rateOver);
    failed.show(...failures(lastHour));
    const { p50, p95 } = lastHour.waitSeconds ?? {};
    wait.show(duration(p95), p50 === undefined ? words.noneEnded : words.waitHalf(duration(p50)));
  }
}

class Tile {
  element;
  #value = element("dd", { class: "tile-value" }, "–");
  #note = element("dd", { class: "tile-note" });

  constructor(name, label) {
    const term = element("dt", { class: "label" }, label);
    this.element = element("dl", { class: "card tile", "data-figure": name }, term, this.#value, this.#note);
  }

  show(value, note, degree = "") {
    write(this.#value, value);
    write(this.#note, note);
    this.element.dataset.degree = degree;
  }
}

function oldest(seconds) {
  if (seconds === null) return [words.noneWaits];
  if (seconds >= ALARM_SECONDS) return [words.oldestAlarm(span(seconds)), "grave"];
  return seconds >= LONG_SECONDS ? [words.oldestLong(span(seconds)), "warn"] : [words.oldest(span(seconds))];
}

function failures(lastHour) {
  const count = (name) => lastHour.minutes.reduce((sum, minute) => sum + minute[name], 0);
  const failed = count("failed");
  const ended = failed + count("completed");
  if (ended === 0) return ["–", words.noneEnded];
  return [percent(failed / ended), words.failedOf(whole(failed), whole(ended))];
}

const rounded = (rate) => (rate < 10 && !Number.isInteger(rate) ? rate.toFixed(1) : whole(rate));

/** The minute that has only begun is left out: it would pull the mean down. */
function perMinute(lastHour) {
  const minutes = lastMinutes(lastHour.minutes).slice(-1 - RATE_MINUTES, -1);
  return minutes.reduce((sum, minute) => sum + minute.completed + minute.failed + minute.cancelled, 0) / RATE_MINUTES;
}
