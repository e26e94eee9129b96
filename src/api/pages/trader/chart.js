/** A chart as it stands in a page: what its lines are, what the cursor is at, in words; read by pointer and by keys. */

import { button, element, say } from "../common/dom.js";
import { onColours } from "../common/theme.js";
import { words } from "../words/results.js";
import { Plot, library } from "./plot.js";
import { lastNotAfter } from "./timeline.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageDown: -21, PageUp: 21, ArrowDown: -1, ArrowUp: 1 };
/** One height of the window above and below it. */
const NEAR = "100% 0px";
const MAKER = "https://www.tradingview.com/";

/** An element, so that what it holds ends when it leaves the page, whoever takes it out. */
export class Chart extends HTMLElement {
  #title;
  #load;
  #onRead;
  #subject = null;
  #plot = null;
  #life = null;
  #at = -1;
  #isStill = false;
  #readout = element("p", { class: "readout", "aria-hidden": "true" });
  #legend = element("ul", { class: "legend" });
  #place = element("div", { class: "plot", "aria-hidden": "true" });
  #note = element("p", { class: "hint", hidden: true });
  #reader;

  /**
   * load(signal): the subject, {times, panes, legend, note, say(time)}; times in milliseconds, ascending. legend:
   * [{label, mark}]. onRead(time): where one is reading, null when nowhere.
   */
  constructor(title, load, onRead = () => {}) {
    super();
    this.#title = title;
    this.#load = load;
    this.#onRead = onRead;
    this.#reader = this.#made();
  }

  /** Nothing is loaded for a chart that nobody has come near yet. */
  connectedCallback() {
    if (!this.firstChild) this.append(this.#figure());
    const life = new AbortController();
    this.#life = life;
    const watch = new IntersectionObserver(
      ([...seen]) => {
        if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
        watch.disconnect();
        this.#begin(life);
      },
      { rootMargin: NEAR },
    );
    watch.observe(this);
    life.signal.addEventListener("abort", () => watch.disconnect());
  }

  async #begin(life) {
    this.setAttribute("aria-busy", "true");
    const subject = this.#subject ?? (await this.#load(life.signal));
    // What was broken off by leaving lacks what it did not get; it is loaded again by who comes back.
    if (life.signal.aborted) return;
    this.#subject = subject;
    this.#introduce();
    await this.#draw(life);
    this.removeAttribute("aria-busy");
  }

  disconnectedCallback() {
    this.#life?.abort();
    this.#plot?.remove();
    this.#plot = null;
  }

  /** Brings that stretch of time into sight and the cursor to its begin. */
  show(from, to) {
    this.#isStill = true;
    this.#plot?.focus(from, to);
    requestAnimationFrame(() => this.#read(lastNotAfter(this.#subject?.times ?? [], from)));
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
  }

  async #draw(life) {
    const { times, panes } = this.#subject;
    if (times.length < 2) {
      this.replaceChildren(element("p", { class: "empty" }, words.noCurve));
      return;
    }
    let found;
    try {
      found = await library();
    } catch {
      this.#lost(life);
      return;
    }
    if (life.signal.aborted) return;
    this.#place.replaceChildren();
    const plot = new Plot(found, this.#place, panes, (time) => this.#pointed(time));
    this.#plot = plot;
    const stop = onColours(() => plot.recolour());
    life.signal.addEventListener("abort", stop);
    // Nothing is laid out anew for a printer but what the style sheet moves: a picture, which is as wide as the paper.
    const { signal } = life;
    window.addEventListener("beforeprint", () => this.#place.after(plot.picture()), { signal });
    window.addEventListener("afterprint", () => this.querySelector(".printed")?.remove(), { signal });
  }

  /** The numbers are still there to be read. */
  #lost(life) {
    const again = button(words.drawAgain, () => this.#draw(life), { class: "quiet" });
    this.#place.replaceChildren(element("p", { class: "empty" }, words.chartLost, " ", again));
  }

  #introduce() {
    const { times, legend, note } = this.#subject;
    this.#legend.replaceChildren(...legend.map(({ label, mark }) => element("li", { "data-mark": mark }, label)));
    this.#reader.setAttribute("aria-valuemax", Math.max(0, times.length - 1));
    say(this.#note, note);
    this.#say(-1);
  }

  #figure() {
    const acts = [
      [words.zoomIn, "+", 0.6],
      [words.zoomOut, "\u2212", 1 / 0.6],
    ].map(([label, text, factor]) => button(text, () => this.#plot?.zoom(factor), { class: "quiet", "aria-label": label, title: label }));
    const all = button(words.showAll, () => this.#plot?.all(), { class: "quiet" });
    const maker = element("a", { href: MAKER, target: "_blank", rel: "noopener" }, words.chartsBy);
    return element(
      "figure",
      {},
      element("figcaption", {}, this.#legend, element("div", { class: "zoom" }, ...acts, all)),
      this.#readout,
      this.#reader,
      element("p", { class: "hint credit" }, element("span", {}, words.readKeys), maker),
      this.#note,
    );
  }

  #made() {
    const reader = element(
      "div",
      {
        class: "chart-reader",
        tabindex: "0",
        role: "slider",
        "aria-label": words.chartTitle(this.#title),
        "aria-valuemin": 0,
        "aria-valuenow": 0,
        "aria-valuetext": words.loadingChart,
      },
      this.#place,
    );
    this.#readout.textContent = words.loadingChart;
    reader.addEventListener("blur", () => this.#read(-1));
    reader.addEventListener("pointerleave", () => this.#pointed(null));
    reader.addEventListener("pointermove", ({ movementX, movementY }) => {
      if (movementX !== 0 || movementY !== 0) this.#isStill = false;
    });
    reader.addEventListener("keydown", (event) => this.#key(event));
    return reader;
  }

  #key(event) {
    if (!this.#subject || event.altKey || event.ctrlKey || event.metaKey) return;
    const zoom = { "+": 0.6, "=": 0.6, "-": 1 / 0.6 }[event.key];
    const last = this.#subject.times.length - 1;
    const from = this.#at < 0 ? last : this.#at;
    const to = { Home: 0, End: last }[event.key] ?? from + STEPS[event.key];
    if (zoom === undefined && event.key !== "0" && Number.isNaN(to)) return;
    event.preventDefault();
    if (zoom !== undefined) this.#plot?.zoom(zoom);
    else if (event.key === "0") this.#plot?.all();
    else this.#read(Math.max(0, Math.min(last, to)));
  }

  /** Reads the point at that index; the last one, without a cursor, when there is none. */
  #read(index) {
    if (!this.#subject) return;
    if (index < 0) this.#plot?.clear();
    else this.#plot?.point(this.#subject.times[index]);
    this.#say(index);
  }

  #pointed(time) {
    if (!this.#subject) return;
    // A chart that was scrolled to below a pointer at rest is not pointed at: what was asked for stays read.
    if (this.#isStill) {
      if (time !== null && this.#at >= 0) this.#plot?.point(this.#subject.times[this.#at]);
      return;
    }
    this.#say(time === null ? -1 : lastNotAfter(this.#subject.times, time));
  }

  #say(index) {
    const { times } = this.#subject;
    if (times.length === 0) return;
    this.#at = index;
    const at = index < 0 ? times.length - 1 : index;
    const text = this.#subject.say(times[at]);
    this.#readout.textContent = text;
    this.#reader.setAttribute("aria-valuenow", at);
    this.#reader.setAttribute("aria-valuetext", text);
    this.#onRead(index < 0 ? null : times[at]);
  }
}

customElements.define("run-chart", Chart);
