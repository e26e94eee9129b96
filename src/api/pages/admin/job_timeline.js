/** A job's attempts along its life: when it waited, when it ran and where, and how each attempt ended. */

import { element } from "../common/dom.js";
import { words } from "../words/admin_jobs.js";
import { lasted, seconds, when } from "./moments.js";

/** Parts of the whole; what is shorter is drawn so wide, for it to be seen. */
const LEAST_SHARE = 0.02;
/** Drawn and listed: jobs that ask to be run later can have thousands. */
const SHOWN = 40;

/** Ended attempts, and the one that runs; worker: of the latter, where it is known. */
export function attemptsOf(job, worker) {
  const running = {
    attempt: job.attempt, startedAt: job.startedAt, finishedAt: null, outcome: "processing",
    workerId: worker?.id ?? null, host: worker?.host ?? null, error: null,
  };
  return job.status === "processing" ? [...job.attempts, running] : job.attempts;
}

/** [{kind, from, to, attempt}] without gaps: waiting, or how the attempt went. to is null for what goes on. */
export function spans(job, attempts) {
  const found = [];
  let from = job.createdAt;
  for (const one of attempts) {
    if (one.startedAt > from) found.push({ kind: "waiting", from, to: one.startedAt });
    found.push({ kind: one.outcome, from: one.startedAt, to: one.finishedAt, attempt: one.attempt });
    from = one.finishedAt;
  }
  if (job.status === "waiting") found.push({ kind: "waiting", from, to: null });
  return found;
}

export class Timeline {
  element = element("div", { class: "timeline" });
  #drawn = [];

  show(job, worker) {
    const all = attemptsOf(job, worker);
    const attempts = all.slice(-SHOWN);
    const drawn = spans(attempts.length < all.length ? { ...job, createdAt: attempts[0].startedAt } : job, attempts);
    if (drawn.length === 0) {
      this.element.replaceChildren(element("p", { class: "hint" }, words.neverStarted));
      return;
    }
    const parts = drawn.map((one) => ({ one, element: element("div", { class: "span", "data-kind": one.kind }) }));
    this.#drawn = parts;
    const track = element("div", { class: "track", "aria-hidden": "true" }, ...parts.map((part) => part.element));
    const ongoing = drawn.at(-1).to === null;
    const ends = element("div", { class: "ends hint", "aria-hidden": "true" }, when(drawn[0].from, { isLong: true }), ongoing ? words.now : when(drawn.at(-1).to, { isLong: true }));
    const older = attempts.length < all.length ? [element("p", { class: "hint" }, words.newestAttempts(attempts.length, all.length))] : [];
    this.element.replaceChildren(track, ends, ...older, ...(attempts.length > 0 ? [table(attempts)] : []));
    this.tick();
  }

  /** Widths and lengths, for what goes on. */
  tick() {
    const lengths = this.#drawn.map(({ one }) => seconds(one.from, one.to));
    const shares = sharesOf(lengths);
    this.#drawn.forEach(({ one, element: place }, index) => {
      place.style.flexGrow = shares[index];
      const text = words.spanOf(one.attempt, words.outcomes[one.kind] ?? one.kind, lasted(lengths[index]));
      if (place.title !== text) place.title = text;
      place.textContent = shares[index] > 0.12 ? lasted(lengths[index]) : "";
    });
    for (const place of this.element.querySelectorAll("[data-runs-since]")) place.textContent = lasted(seconds(place.dataset.runsSince));
  }
}

/** In proportion to time, none below the least; their sum is 1. */
export function sharesOf(lengths) {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const wide = lengths.map((length) => Math.max(LEAST_SHARE, total > 0 ? length / total : 1));
  const sum = wide.reduce((so, share) => so + share, 0);
  return wide.map((share) => share / sum);
}

function table(attempts) {
  const heads = words.attemptColumns.map((text, index) => element("th", { scope: "col", class: index === 4 ? "number" : null }, text));
  const rows = attempts.toReversed().map((one) => row(one));
  return element(
    "div",
    // Reached by tab, for the arrows to scroll what a narrow window cuts off.
    { class: "scroll", tabindex: "0", role: "region", "aria-label": words.attempts },
    element("table", { class: "attempts", "aria-label": words.attempts }, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows)),
  );
}

function row({ attempt, outcome, host, workerId, startedAt, finishedAt, errorType, error }) {
  const ran = element("td", { class: "number" }, finishedAt ? lasted(seconds(startedAt, finishedAt)) : null);
  if (!finishedAt) ran.dataset.runsSince = startedAt;
  const place = [host ?? "–", workerId && element("span", { class: "hint code", title: workerId }, ` ${workerId.slice(0, 8)}`)];
  const why = [errorType, error].filter(Boolean).join(": ");
  return element(
    "tr",
    { "data-attempt": attempt },
    element("td", {}, String(attempt)),
    element("td", {}, element("span", { class: "chip", "data-status": chipOf(outcome) }, words.outcomes[outcome] ?? outcome)),
    element("td", {}, ...place.filter(Boolean)),
    element("td", {}, when(startedAt, { isLong: true })),
    ran,
    element("td", { class: "why" }, why || "–"),
  );
}

const chipOf = (outcome) => (outcome === "crashed" ? "failed" : outcome);
