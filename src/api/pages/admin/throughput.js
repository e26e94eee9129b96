/** What ended in each minute of the last hour: completed and cancelled upward, failed below the line. */

import { drawn, element } from "../common/dom.js";
import { whole } from "../common/format.js";
import { words } from "../words/overview.js";
import { lastMinutes } from "./minutes.js";
import { panel, scrolled, table } from "./panel.js";
import { write } from "./rows.js";

const HEIGHT = 190;
const TOP = 12;
const BOTTOM = 166;
const LEFT = 44;
const RIGHT = 4;
const LABELLED_MINUTES = 10;
const HALF_LABEL = 20;
const NAMES = ["completed", "failed", "cancelled"];

export class Throughput {
  element;
  #minutes = lastMinutes([]);
  #svg = drawn("svg", { class: "minutes", height: HEIGHT, role: "img", "aria-labelledby": "minutes-title minutes-desc" });
  #readout = element("p", { class: "hint", "aria-hidden": "true" });
  #note = element("p", { class: "hint" });
  #body = element("tbody");
  #details;
  #width = 0;

  constructor() {
    const legend = ["completed", "cancelled", "failedBelow"].map((name) => element("span", { class: `legend ${name}` }, words[name]));
    const place = element("div", { class: "minutes-place" }, this.#svg);
    place.addEventListener("pointermove", (event) => this.#read(this.#indexAt(event)));
    place.addEventListener("pointerleave", () => this.#read(-1));
    this.#details = this.#asTable();
    const caption = element("figcaption", {}, element("p", { class: "legends" }, ...legend), this.#readout);
    this.element = panel(words.throughput, element("figure", {}, caption, place), this.#note, this.#details);
    new ResizeObserver(([{ contentRect }]) => this.#resize(Math.floor(contentRect.width))).observe(place);
  }

  show({ lastHour }) {
    this.#minutes = lastMinutes(lastHour.minutes);
    write(this.#note, lastHour.wholeFrom ? words.notWhole(time(Date.parse(lastHour.wholeFrom))) : "");
    this.#draw();
    this.#fill();
    this.#read(-1);
  }

  #resize(width) {
    if (width === this.#width) return;
    this.#width = width;
    this.#draw();
  }

  #draw() {
    if (this.#width === 0) return;
    const most = Math.max(...this.#minutes.map((minute) => minute.completed + minute.cancelled));
    const below = Math.max(...this.#minutes.map((minute) => minute.failed));
    const [up, down] = [nice(Math.max(most, below / 4)), below];
    const perJob = (BOTTOM - TOP) / (up + down);
    const line = TOP + up * perJob;
    this.#svg.setAttribute("width", this.#width);
    this.#svg.setAttribute("viewBox", `0 0 ${this.#width} ${HEIGHT}`);
    const bars = this.#minutes.flatMap((minute, index) => this.#bars(minute, index, line, perJob));
    this.#svg.replaceChildren(...this.#described(most), ...this.#axes(up, line), ...bars);
  }

  #bars(minute, index, line, perJob) {
    const step = (this.#width - LEFT - RIGHT) / this.#minutes.length;
    const width = Math.max(1, Math.min(step - 1, step * 0.8));
    // One job among thousands is seen, too.
    const tall = (jobs) => (jobs ? Math.max(1.5, jobs * perJob) : 0);
    const [completed, cancelled, failed] = [minute.completed, minute.cancelled, minute.failed].map(tall);
    const [x, across] = [LEFT + index * step, width].map((length) => length.toFixed(1));
    const bar = (name, y, height) =>
      height ? [drawn("rect", { class: name, x, y: y.toFixed(1), width: across, height: height.toFixed(1) })] : [];
    return [
      ...bar("completed", line - completed, completed),
      ...bar("cancelled", line - completed - cancelled, cancelled),
      ...bar("failed", line, failed),
    ];
  }

  #axes(up, line) {
    const text = (x, y, label, anchor) => drawn("text", { x, y, "text-anchor": anchor }, label);
    const rule = (y) => drawn("line", { x1: LEFT, x2: this.#width - RIGHT, y1: y, y2: y });
    const step = (this.#width - LEFT - RIGHT) / this.#minutes.length;
    const every = this.#width < 420 ? LABELLED_MINUTES * 2 : LABELLED_MINUTES;
    const times = this.#minutes.flatMap(({ at }, index) => {
      if ((at / 60_000) % every !== 0 || index === this.#minutes.length - 1) return [];
      const isLast = (this.#minutes.length - index) * step < HALF_LABEL;
      return [text(LEFT + (index + 0.5) * step, HEIGHT - 6, time(at), index < 2 ? "start" : isLast ? "end" : "middle")];
    });
    const figures = [text(LEFT - 8, TOP + 4, whole(up), "end"), text(LEFT - 8, line + 4, "0", "end")];
    return [rule(TOP), rule((TOP + line) / 2), rule(line), ...figures, ...times];
  }

  #described(most) {
    const sums = NAMES.map((name) => this.#minutes.reduce((sum, minute) => sum + minute[name], 0));
    const [completed, failed, cancelled] = sums.map(whole);
    return [
      drawn("title", { id: "minutes-title" }, words.throughput),
      drawn("desc", { id: "minutes-desc" }, words.chartSays(completed, failed, cancelled, whole(most))),
    ];
  }

  #indexAt(event) {
    const share = (event.clientX - this.#svg.getBoundingClientRect().left - LEFT) / (this.#width - LEFT - RIGHT);
    return Math.max(0, Math.min(this.#minutes.length - 1, Math.floor(share * this.#minutes.length)));
  }

  /** The minute pointed at; else the last whole one. */
  #read(index) {
    write(this.#readout, says(this.#minutes.at(index < 0 ? -2 : index)));
  }

  #asTable() {
    const columns = [words.minute, words.completed, words.failures, words.cancelled];
    const scroll = scrolled(words.throughput, table({ columns, body: this.#body, isNumber: (index) => index > 0 }));
    scroll.classList.add("tall");
    const details = element("details", {}, element("summary", {}, words.asTable), scroll);
    details.addEventListener("toggle", () => this.#fill());
    return details;
  }

  #fill() {
    if (!this.#details.open) return;
    const rows = this.#minutes.toReversed().map((minute) => {
      const cells = NAMES.map((name) => element("td", { class: "number" }, whole(minute[name])));
      return element("tr", {}, element("th", { scope: "row" }, time(minute.at)), ...cells);
    });
    this.#body.replaceChildren(...rows);
  }
}

const time = (at) => new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
const says = (minute) => words.minuteSays(time(minute.at), ...NAMES.map((name) => whole(minute[name])));

/** The next of 1, 2, 5, 10, 20, 50…: the axis stays while figures move below it. */
function nice(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= most);
}
