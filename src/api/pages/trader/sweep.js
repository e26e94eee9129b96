/** What a sweep left behind: how far to trust it, the best combinations, a map of two parameters, and the table of all. */

import { button, element, say } from "../common/dom.js";
import { keepingFocus } from "../common/focus.js";
import { percent, whole } from "../common/format.js";
import { words as common } from "../words/common.js";
import { words as results } from "../words/results.js";
import { words } from "../words/sweep.js";
import { page, resultAt } from "./calls.js";
import { Combinations, said } from "./combination.js";
import { CombinationTable } from "./combination_table.js";
import { facts } from "./facts.js";
import { HeatMap } from "./heat_map.js";
import { label, shown } from "./metrics.js";
import { basis, warnings } from "./result.js";

export function sweepParts(found, job, title) {
  const problem = element("p", { class: "notice", role: "alert", hidden: true });
  const combinations = new Combinations(job, found.sweep.best.length, (sentence) => say(problem, sentence));
  return [
    element("h3", { class: "unseen" }, results.resultOf(title)),
    ...warnings(found),
    honesty(found),
    problem,
    best(found, combinations),
    map(found, job, combinations),
    new CombinationTable(job.jobId, found, combinations).element,
    facts(job, found),
  ];
}

function honesty({ sweep, coverage }) {
  const { combinations, deflatedSharpe, inSampleUntil, rankBy } = sweep;
  const luck = deflatedSharpe?.value;
  const sentences = [
    words.rankedBy(label(rankBy)),
    words.honesty(whole(combinations)),
    Number.isFinite(luck) ? words.deflated(percent(luck), whole(deflatedSharpe.trials)) : words.undeflated,
    inSampleUntil ? words.rankedBefore(inSampleUntil) : words.notSplit,
  ];
  return element(
    "div",
    { class: "summary honesty" },
    element("p", { class: "tried" }, words.tried(whole(combinations))),
    ...sentences.map((sentence) => element("p", {}, sentence)),
    element("p", { class: "hint" }, basis(coverage)),
  );
}

const SHOWN = ["sharpeRatio", "totalReturn", "maxDrawdown", "totalTrades"];

/** Those that were kept in full; beside what they were chosen by, how they did afterwards. */
function best({ sweep }, combinations) {
  const isSplit = sweep.best.some(({ outOfSample }) => outOfSample);
  const parts = (run) =>
    isSplit
      ? [run.outOfSample?.inSample.metrics[sweep.rankBy], run.outOfSample?.outOfSample.metrics[sweep.rankBy]]
      : [];
  const heads = [
    ...(isSplit ? [words.inSample(label(sweep.rankBy)), words.outOfSample(label(sweep.rankBy))] : []),
    ...SHOWN.map(label),
  ].map((text, index) => element("th", { scope: "col", class: index > 1 ? "number extra" : "number" }, text));
  const rows = sweep.best.map((run, index) => {
    const [rank, what] = [index + 1, said(run.params)];
    const opens = { class: "link", href: combinations.address(rank), "aria-label": words.openBest(rank, what) };
    const link = element("a", opens, what);
    const values = [...parts(run).map((value) => shown(sweep.rankBy, value)), ...SHOWN.map((name) => shown(name, run.metrics[name]))];
    const cells = values.map((text, at) => element("td", { class: at > 1 ? "number extra" : "number" }, text));
    return element("tr", {}, element("td", {}, rank), element("td", {}, link), ...cells);
  });
  const first = [words.rank, results.facts.grid].map((text) => element("th", { scope: "col" }, text));
  const head = element("tr", {}, ...first, ...heads);
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
  const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": words.best }, table);
  return element("section", { class: "part best" }, element("h4", {}, words.best), scroll);
}

function map({ parameters, sweep, table }, job, combinations) {
  const metrics = Object.keys(table.items[0] ?? {}).filter((name) => !parameters.includes(name));
  const place = element("div", { class: "heat-place" });
  const across = choice(words.across, parameters, parameters[0]);
  const down = choice(words.down, parameters.length > 1 ? parameters : [""], parameters[1] ?? "");
  const metric = choice(words.metric, metrics, sweep.rankBy, label);
  let asked = 0;
  const draw = async () => {
    const turn = (asked += 1);
    const axes = [across.value, down.value].filter(Boolean).join(",");
    const reduce = "max";
    place.setAttribute("aria-busy", "true");
    if (!place.firstChild) place.append(element("p", { class: "empty" }, words.loadingMap));
    try {
      const found = await page(resultAt(job.jobId, { heatmap: axes, metric: metric.value, reduce }));
      if (turn === asked) keepingFocus(() => place.replaceChildren(new HeatMap(found, table.total, combinations).element), () => metric);
    } catch (refusal) {
      if (turn !== asked) return;
      const again = button(common.tryAgain, draw, { class: "quiet" });
      place.replaceChildren(element("p", { class: "notice", role: "alert" }, words.mapLost(refusal.message)), again);
    }
    place.removeAttribute("aria-busy");
  };
  // A parameter is on one axis at a time: choosing it on the second gives the first one's place to the other.
  keepApart(across, down);
  for (const select of [across, down, metric]) select.addEventListener("change", draw);
  draw();
  const fields = [across, ...(parameters.length > 1 ? [down] : []), metric].map((select) => select.closest(".field"));
  return element("section", { class: "part" }, element("h4", {}, words.map), element("div", { class: "toolbar" }, ...fields), place);
}

let fields = 0;

function choice(text, values, chosen, named = (value) => value) {
  const id = `sweep-field-${(fields += 1)}`;
  const options = values.map((value) => element("option", { value, selected: value === chosen }, named(value) || words.none));
  const select = element("select", { id }, ...options);
  element("div", { class: "field" }, element("label", { for: id }, text), select);
  return select;
}

function keepApart(first, second) {
  let before = [first.value, second.value];
  const settle = (changed, other) => {
    if (changed.value === other.value) other.value = changed === first ? before[0] : before[1];
    before = [first.value, second.value];
  };
  first.addEventListener("change", () => settle(first, second));
  second.addEventListener("change", () => settle(second, first));
}
