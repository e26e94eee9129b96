/** Times that say how long ago they were, and go on saying it while somebody looks. */

import { secondsSince } from "../common/clock.js";
import { element } from "../common/dom.js";
import { span } from "../common/format.js";
import { words } from "../words/admin.js";

const EVERY_MILLISECONDS = 1_000;

/** "3 s ago", with the time itself on hover. isSpan: "3 s", for what lasts. */
export class Age {
  element;

  constructor(iso, { isSpan = false } = {}) {
    this.element = element("time", { "data-age": isSpan ? "span" : "ago" });
    this.show(iso);
  }

  show(iso) {
    if (this.element.dateTime === iso) return;
    this.element.dateTime = iso;
    this.element.title = exact(iso);
    tell(this.element);
  }
}

/** A time in the reader's own zone and manner, and the ISO time as it came. */
export const exact = (iso) => `${new Date(iso).toLocaleString(document.documentElement.lang)} (${iso})`;

function tell(place) {
  const lasted = span(secondsSince(place.dateTime));
  const text = place.dataset.age === "span" ? lasted : words.ago(lasted);
  if (place.textContent !== text) place.textContent = text;
}

setInterval(() => {
  if (!document.hidden) document.querySelectorAll("time[data-age]").forEach(tell);
}, EVERY_MILLISECONDS);
