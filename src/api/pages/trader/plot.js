/** Lines on panes above each other that share one axis of time, drawn by TradingView's lightweight-charts. */

import { colour } from "../common/theme.js";
import { language } from "../common/language.js";
import { union } from "./timeline.js";

let loading = null;

/** The library, loaded when the first chart is shown. After a failure it may be asked for again. */
export function library() {
  loading ??= import("../vendor/lightweight-charts.js").catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

const KINDS = { candles: "CandlestickSeries", line: "LineSeries", fall: "BaselineSeries" };
/** So many marks in sight may have a word each. */
const WORDED = 24;
const DAY = 86_400_000;
const seconds = (time) => Math.floor(time / 1000);

export class Plot {
  #chart;
  #library;
  #panes;
  #drawn = [];
  #titles = [];
  #marks = null;
  #isWorded = false;
  #times;

  /**
   * panes: [{title, weight, lines}], a line {kind, colours, points, format, dashed, thin, marks}. kind: candles, line, or
   * fall, which is filled up to zero; colours: tokens by the library's option; points: as the library takes them, with
   * time in milliseconds; marks: what to show on it, the same way. onPoint(time): what the pointer is at.
   */
  constructor(charts, place, panes, onPoint) {
    this.#library = charts;
    this.#panes = panes;
    this.#times = union(...panes.flatMap(({ lines }) => lines.map(({ points }) => points.map(({ time }) => time))));
    const timeScale = { ...BEHAVIOUR.timeScale, timeVisible: this.#times[1] - this.#times[0] < DAY };
    this.#chart = charts.createChart(place, { ...BEHAVIOUR, timeScale, ...chartColours() });
    panes.forEach((pane, index) => this.#add(pane, index));
    this.#chart.panes().forEach((pane, index) => pane.setStretchFactor(panes[index].weight));
    this.#chart.timeScale().fitContent();
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => this.#seen(range));
    // Without an event it was moved by us, or by a change of scale: that is nobody's pointing.
    this.#chart.subscribeCrosshairMove(({ time, sourceEvent }) => {
      if (sourceEvent && time !== undefined) onPoint(time * 1000);
    });
  }

  /** Puts the cross there; where that is out of sight, moves it into sight. */
  point(time) {
    const [{ series, line }] = this.#drawn;
    const value = line.points.findLast((point) => point.time <= time) ?? line.points[0];
    const put = () => this.#chart?.setCrosshairPosition(value.close ?? value.value, seconds(time), series);
    put();
    // A new range is drawn with the next frame; a cross that was set before is lost in it.
    if (this.#reveal(time)) requestAnimationFrame(put);
  }

  clear() {
    this.#chart.clearCrosshairPosition();
  }

  /** Shows that stretch of time, with room around it. The cross is to be put after it. */
  focus(from, to) {
    const [first, last] = [this.#index(from), this.#index(to)];
    const room = Math.max(12, Math.round((last - first) * 0.6));
    this.#chart.timeScale().setVisibleLogicalRange({ from: first - room, to: last + room });
  }

  /** factor: below 1 is nearer, above is further away. */
  zoom(factor) {
    const scale = this.#chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (!range) return;
    const [middle, half] = [(range.from + range.to) / 2, Math.max(4, ((range.to - range.from) / 2) * factor)];
    scale.setVisibleLogicalRange({ from: middle - half, to: middle + half });
  }

  all() {
    this.#chart.timeScale().fitContent();
  }

  recolour() {
    this.#chart.applyOptions(chartColours());
    for (const { series, line } of this.#drawn) series.applyOptions(lineColours(line));
    this.#titles.forEach((title, index) => title.applyOptions({ lines: [titleLine(this.#panes[index].title)] }));
    this.#mark();
  }

  /** As it is now, to be kept. */
  picture() {
    const made = this.#chart.takeScreenshot();
    made.className = "printed";
    return made;
  }

  remove() {
    this.#chart.remove();
    this.#chart = null;
  }

  #add({ title, lines }, index) {
    for (const line of lines) {
      const options = { ...QUIET, ...lineColours(line), ...shapeOf(line) };
      const series = this.#chart.addSeries(this.#library[KINDS[line.kind]], options, index);
      series.setData(line.points.map((point) => ({ ...point, time: seconds(point.time) })));
      this.#drawn.push({ series, line });
    }
    const pane = this.#chart.panes()[index];
    const options = { horzAlign: "left", vertAlign: "top", lines: [titleLine(title)] };
    this.#titles.push(this.#library.createTextWatermark(pane, options));
    this.#mark();
  }

  #mark() {
    const [{ series, line }] = this.#drawn;
    if (!line.marks) return;
    const marks = line.marks.map(({ token, time, text, ...mark }) => ({
      ...mark,
      text: this.#isWorded ? text : "",
      time: seconds(time),
      color: colour(token),
    }));
    this.#marks ??= this.#library.createSeriesMarkers(series, [], { autoScale: false });
    this.#marks.setMarkers(marks);
  }

  /** Marks have words as soon as there is room for them. */
  #seen(range) {
    const [{ line }] = this.#drawn;
    if (!range || !line.marks) return;
    const [from, to] = [range.from, range.to].map((at) => this.#times[Math.max(0, Math.min(this.#times.length - 1, Math.round(at)))]);
    const isWorded = line.marks.filter(({ time }) => time >= from && time <= to).length <= WORDED;
    if (isWorded === this.#isWorded) return;
    this.#isWorded = isWorded;
    this.#mark();
  }

  #index(time) {
    return this.#times.findLastIndex((each) => each <= time);
  }

  #reveal(time) {
    const scale = this.#chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    const index = this.#index(time);
    if (!range || (index >= range.from && index <= range.to)) return false;
    const width = range.to - range.from;
    const from = Math.max(0, Math.min(this.#times.length - width, index - width / 2));
    scale.setVisibleLogicalRange({ from, to: from + width });
    return true;
  }
}

/** The wheel is the page's: who scrolls past a chart is not held up by it. */
const BEHAVIOUR = {
  autoSize: true,
  localization: { locale: language === "ko" ? "ko-KR" : "en-US", dateFormat: "yyyy-MM-dd" },
  handleScroll: { mouseWheel: false, vertTouchDrag: false },
  handleScale: { mouseWheel: false },
  timeScale: { borderVisible: false, minBarSpacing: 0.02, rightOffset: 2 },
  rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.16, bottom: 0.12 } },
};
const QUIET = { priceLineVisible: false, lastValueVisible: false, crosshairMarkerRadius: 4 };

function chartColours() {
  const [line, muted, ink, surface] = ["--line", "--muted", "--ink", "--surface"].map(colour);
  const label = { color: muted, labelBackgroundColor: ink };
  return {
    layout: {
      attributionLogo: false,
      background: { color: surface },
      textColor: muted,
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 11,
      panes: { separatorColor: line, separatorHoverColor: line, enableResize: false },
    },
    grid: { vertLines: { color: line }, horzLines: { color: line } },
    crosshair: { mode: 0, vertLine: label, horzLine: label },
  };
}

const titleLine = (text) => ({ text, color: colour("--muted"), fontSize: 11, fontStyle: "" });

const lineColours = ({ colours }) => Object.fromEntries(Object.entries(colours).map(([name, token]) => [name, colour(token)]));

const shapeOf = ({ format, dashed = false, thin = false }) => ({
  lineStyle: dashed ? 2 : 0,
  lineWidth: thin ? 1 : 2,
  priceFormat: { type: "custom", minMove: 0.0001, formatter: format },
});
