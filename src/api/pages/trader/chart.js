/** The equity curve with its drawdown below: plain SVG at the size it is seen in, read by pointer and by keys. */

import { drawn, element } from "../common/dom.js";
import { day, money, moment, percent, whole } from "../common/format.js";
import { nearest, scale, ticks, timeTicks } from "./scale.js";
import { words } from "../words/results.js";

const HEIGHT = 300;
const TOP = 12;
const EQUITY_BOTTOM = 212;
const FALL_TOP = 228;
const FALL_BOTTOM = 274;
const RIGHT = 8;
const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageDown: -21, PageUp: 21, ArrowDown: -1, ArrowUp: 1 };

let charts = 0;

export class Chart {
  element;
  #times;
  #equity;
  #falls;
  #capital;
  #id = `chart-${(charts += 1)}`;
  #title;
  #svg = drawn("svg", {
    class: "chart",
    height: HEIGHT,
    role: "img",
    "aria-labelledby": `${this.#id}-title ${this.#id}-desc`,
  });
  #cursor = drawn("g", { class: "cursor", visibility: "hidden" });
  #readout = element("p", { class: "readout", "aria-hidden": "true" });
  #reader;
  #at = -1;
  #places = null;

  constructor({ equity, drawdown, initialCapital }, title) {
    this.#times = equity.points.map(([time]) => (typeof time === "number" ? time : Date.parse(time)));
    this.#equity = equity.points.map(([, value]) => value);
    this.#falls = drawdown.points.map(([, value]) => value);
    this.#capital = initialCapital;
    this.#title = title;
    this.element = this.#times.length < 2 ? element("p", { class: "empty" }, words.noCurve) : this.#made();
  }

  /** Draws at the width there is, and again when that changes. */
  draw() {
    if (!this.#reader) return;
    new ResizeObserver(() => this.#redraw()).observe(this.#reader);
    this.#redraw();
  }

  #made() {
    this.#reader = element(
      "div",
      {
        class: "chart-reader",
        tabindex: "0",
        role: "slider",
        "aria-label": words.chartTitle(this.#title),
        "aria-valuemin": 0,
        "aria-valuemax": this.#times.length - 1,
      },
      this.#svg,
    );
    this.#reader.addEventListener("pointermove", (event) => this.#point(event));
    this.#reader.addEventListener("pointerdown", (event) => this.#point(event));
    this.#reader.addEventListener("pointerleave", () => this.#read(-1));
    this.#reader.addEventListener("blur", () => this.#read(-1));
    this.#reader.addEventListener("keydown", (event) => this.#step(event));
    this.#read(-1);
    const fall = element("span", { class: "legend-fall" }, words.drawdown);
    const legend = element("p", { class: "label" }, words.equity, fall);
    return element("figure", {}, element("figcaption", {}, legend, this.#readout), this.#reader);
  }

  #redraw() {
    const width = Math.floor(this.#reader.clientWidth);
    if (width === 0) return;
    const [low, high] = [Math.min(...this.#equity, this.#capital), Math.max(...this.#equity, this.#capital)];
    const margin = (high - low || high || 1) * 0.04;
    const deepest = Math.min(...this.#falls, -0.0001);
    const labels = ticks(low - margin, high + margin, 4);
    const left = 14 + 7 * Math.max(...labels.map((value) => whole(value).length), percent(deepest).length - 1);
    const last = this.#times.length - 1;
    const x = scale([this.#times[0], this.#times[last]], [left, width - RIGHT]);
    const y = scale([low - margin, high + margin], [EQUITY_BOTTOM, TOP]);
    const fall = scale([0, deepest], [FALL_TOP, FALL_BOTTOM]);
    this.#places = { x, y, fall };
    this.#svg.setAttribute("width", width);
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const grid = this.#grid(labels, left, width, deepest);
    this.#svg.replaceChildren(...this.#described(deepest), grid, ...this.#curves(), this.#cursor);
    this.#read(this.#at);
  }

  #described(deepest) {
    const last = this.#times.length - 1;
    const facts = [day(this.#times[0]), money(this.#equity[0]), day(this.#times[last]), money(this.#equity[last])];
    return [
      drawn("title", { id: `${this.#id}-title` }, words.chartTitle(this.#title)),
      drawn("desc", { id: `${this.#id}-desc` }, words.chartSays(...facts, percent(Math.min(deepest, ...this.#falls)))),
    ];
  }

  #grid(labels, left, width, deepest) {
    const { x, y, fall } = this.#places;
    const group = drawn("g", { class: "grid", "aria-hidden": "true" });
    const line = (x1, y1, x2, y2, name) => group.append(drawn("line", { x1, y1, x2, y2, class: name }));
    const text = (at, height, label, anchor) =>
      group.append(drawn("text", { x: at, y: height, "text-anchor": anchor }, label));
    for (const value of labels) {
      line(left, y(value), width - RIGHT, y(value));
      text(left - 8, y(value) + 4, whole(value), "end");
    }
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    for (const [time, label] of timeTicks(first, last, Math.max(2, Math.floor((width - left) / 90)))) {
      const at = Math.max(x(time), left);
      line(at, EQUITY_BOTTOM, at, FALL_BOTTOM + 4, "tick");
      text(Math.min(at, width - RIGHT - 18), FALL_BOTTOM + 19, label, at < left + 18 ? "start" : "middle");
    }
    line(left, FALL_TOP, width - RIGHT, FALL_TOP);
    text(left - 8, fall(deepest) + 3, `${whole(deepest * 100)}%`, "end");
    line(left, y(this.#capital), width - RIGHT, y(this.#capital), "capital");
    text(width - RIGHT, y(this.#capital) - 5, words.startCapital, "end");
    return group;
  }

  #curves() {
    const { x, y, fall } = this.#places;
    const point = (place) => (value, index) => `${x(this.#times[index]).toFixed(1)} ${place(value).toFixed(1)}`;
    const path = (values, place) => `M${values.map(point(place)).join("L")}`;
    const [first, last] = [x(this.#times[0]), x(this.#times.at(-1))].map((at) => at.toFixed(1));
    const curve = path(this.#equity, y);
    return [
      drawn("path", { class: "under", d: `${curve}L${last} ${EQUITY_BOTTOM}L${first} ${EQUITY_BOTTOM}Z` }),
      drawn("path", { class: "equity", d: curve }),
      drawn("path", { class: "fall", d: `${path(this.#falls, fall)}L${last} ${FALL_TOP}L${first} ${FALL_TOP}Z` }),
    ];
  }

  #point(event) {
    if (!this.#places) return;
    const wanted = event.clientX - this.#svg.getBoundingClientRect().left;
    this.#read(nearest(this.#times.map(this.#places.x), wanted));
  }

  #step(event) {
    const last = this.#times.length - 1;
    const from = this.#at < 0 ? last : this.#at;
    const to = { Home: 0, End: last }[event.key] ?? from + STEPS[event.key];
    if (Number.isNaN(to)) return;
    event.preventDefault();
    this.#read(Math.max(0, Math.min(last, to)));
  }

  /** Says the point at that index; the last one when there is none. */
  #read(index) {
    this.#at = index;
    const at = index < 0 ? this.#times.length - 1 : index;
    const facts = [moment(this.#times[at]), money(Math.round(this.#equity[at] * 100) / 100), percent(this.#falls[at])];
    this.#readout.textContent = words.reading(...facts);
    this.#reader.setAttribute("aria-valuenow", at);
    this.#reader.setAttribute("aria-valuetext", this.#readout.textContent);
    this.#cursor.setAttribute("visibility", index < 0 ? "hidden" : "visible");
    if (index < 0 || !this.#places) return;
    const place = this.#places.x(this.#times[at]);
    this.#cursor.replaceChildren(
      drawn("line", { x1: place, x2: place, y1: TOP, y2: FALL_BOTTOM }),
      drawn("circle", { cx: place, cy: this.#places.y(this.#equity[at]), r: 4 }),
    );
  }
}
