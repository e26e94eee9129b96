/** A job in words: what it is called, what it is doing, what is worth knowing about that, and what it came to. */

import { serverNow } from "../common/clock.js";
import { element } from "../common/dom.js";
import { strategyOf } from "../common/known.js";
import { change, clock, percent, ratio, span, whole } from "../common/format.js";
import { words as common } from "../words/common.js";
import { words } from "../words/desk.js";
import { words as failures } from "../words/failures.js";
import { words as results } from "../words/results.js";

/** Between these percents a sweep counts its combinations. */
const [SWEEP_BEGINS, SWEEP_ENDS] = [50, 90];

export const title = (job) => [job.symbol, strategyOf(job)].filter(Boolean).join(" · ") || job.jobId;

/** What it is doing now. Steps are worded here: an event stream speaks the browser's language, not the one chosen. */
export function phaseOf({ status, stepCode, currentStep, attempt, error, cancelRequested, kind }) {
  if (status === "waiting" && attempt > 0 && error) return words.retrying;
  if (cancelRequested && (status === "waiting" || status === "processing")) return words.stopping;
  if (status !== "processing") return words.inWords[status];
  if (kind === "sweep" && stepCode === "simulate") return words.runningSweep;
  return common.steps[stepCode ?? "starting"] ?? currentStep;
}

/** The three figures one looks for first: [label, value, tone]. */
export function headline({ metrics }) {
  const { totalReturn, sharpeRatio, maxDrawdown } = metrics ?? {};
  return [
    [results.totalReturn, change(totalReturn), totalReturn > 0 ? "up" : totalReturn < 0 ? "down" : ""],
    [results.metrics.sharpeRatio[0], ratio(sharpeRatio), ""],
    [results.metrics.maxDrawdown[0], percent(maxDrawdown), ""],
  ];
}

export const figure = ([label, value, tone]) =>
  element("div", {}, element("dt", {}, label), element("dd", { class: tone }, value));

/** What is worth knowing beside the phase. */
export function sentence(job) {
  switch (job.status) {
    case "waiting":
      return job.attempt > 0 ? retry(job) : place(job);
    case "processing":
      return running(job);
    case "completed":
      return flaws(job.coverage);
    case "failed":
      return `${failure(job) ?? words.noReason} ${words.afterAttempts(job.attempt)}`;
    default:
      return words.cancelled;
  }
}

function running({ attempt, progress, combinations, estimatedTimeRemaining }) {
  const share = (progress - SWEEP_BEGINS) / (SWEEP_ENDS - SWEEP_BEGINS);
  return [
    attempt > 1 && words.attempt(attempt),
    combinations && words.combinations(whole(Math.round(Math.min(1, Math.max(0, share)) * combinations)), whole(combinations)),
    Number.isFinite(estimatedTimeRemaining) && words.left(span(estimatedTimeRemaining)),
  ].filter(Boolean).join(" · ");
}

/** Types without words of ours, and errors of older releases, which have no figures, are told as the worker told them. */
function failure({ error, errorType, errorFigures = {} }) {
  const said = failures[errorType];
  if (typeof said !== "function") return said ?? error;
  const timeframe = common.bars[errorFigures.timeframe] ?? errorFigures.timeframe;
  return Object.keys(errorFigures).length > 0 ? said({ ...errorFigures, timeframe }) : error;
}

/** A wait for the next attempt counts down. */
function retry({ runAt, attempt, ...job }) {
  const seconds = (Date.parse(runAt) - serverNow()) / 1000;
  const when = seconds > 1 ? words.retryIn(clock(runAt), attempt, span(seconds)) : words.retryNow(attempt);
  return [when, failure(job)].filter(Boolean).join(". ");
}

function place({ position, positionAtLeast, estimatedWaitTime, reason, combinations }) {
  return [
    combinations && words.ofCombinations(whole(combinations)),
    position === 1 && words.next,
    position > 1 && words.position(whole(position)),
    positionAtLeast && words.farBack(whole(positionAtLeast)),
    reason === "no_workers" && words.noWorkers,
    reason === "paused" && words.paused,
    estimatedWaitTime > 0 && words.startsIn(span(estimatedWaitTime)),
  ].filter(Boolean).join(" · ");
}

function flaws(coverage) {
  if (!coverage) return "";
  const { complete, closeOnly, dataStart, dataEnd, requestedStart, requestedEnd } = coverage;
  return [
    !complete && dataStart > requestedStart && dataEnd >= requestedEnd && results.pricesStart(dataStart),
    !complete && dataEnd < requestedEnd && results.pricesEnd(dataEnd),
    closeOnly && common.closesOnly,
  ].filter(Boolean).join(" · ");
}
