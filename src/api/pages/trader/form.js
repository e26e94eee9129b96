/** The order ticket: what to run, on what, from when to when. The server is the judge of what is valid. */

import { strategies, submit, symbols } from "./calls.js";
import { find, say } from "../common/dom.js";
import { Errors } from "./errors.js";
import { day, whole } from "../common/format.js";
import { Parameters } from "./parameters.js";
import { words as common } from "../words/common.js";
import { words } from "../words/desk.js";

const FIRST_SHOWN_YEARS = 5;

export class Ticket {
  #calls;
  #symbols = [];
  #strategies = [];
  #datesChosen = false;
  #isSending = false;
  #parameters = new Parameters(find("parameters"));
  #errors = new Errors(this.#parameters);
  /** The submit whose outcome is unknown: sent again as it was, it keeps its key and is not run twice. */
  #unsure = null;

  constructor(calls) {
    this.#calls = calls;
    find("symbol").addEventListener("change", () => this.#showSymbol());
    find("strategy").addEventListener("change", () => this.#showStrategy());
    for (const id of ["start", "end"]) find(id).addEventListener("input", () => (this.#datesChosen = true));
    find("reload").addEventListener("click", () => this.load());
    find("ticket").addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#isSending && !find("run").disabled) this.#submit();
    });
  }

  async load() {
    this.#loading(true);
    try {
      [this.#symbols, this.#strategies] = await Promise.all([symbols(), strategies()]);
      this.#offer();
    } catch (refusal) {
      if (refusal.isUnauthorized) this.#calls.onUnauthorized();
      else this.#lost(words.optionsLost(refusal.message));
    }
  }

  #loading(is) {
    find("ticket").setAttribute("aria-busy", is);
    find("run").disabled = is;
    find("reload").hidden = true;
    say(find("ticket-message"), "");
    if (is) for (const id of ["symbol", "strategy"]) find(id).replaceChildren(new Option(common.loading));
  }

  #lost(why) {
    find("ticket").setAttribute("aria-busy", false);
    for (const id of ["symbol", "strategy"]) find(id).replaceChildren();
    say(find("ticket-message"), why);
    find("reload").hidden = false;
  }

  #offer() {
    if (this.#symbols.length === 0) {
      this.#lost(words.noSymbols);
      return;
    }
    this.#loading(false);
    const several = (one) => this.#symbols.filter((other) => other.symbol === one.symbol).length > 1;
    const named = (one) => [one.symbol, one.name, several(one) ? one.timeframe : ""].filter(Boolean).join(" · ");
    find("symbol").replaceChildren(...this.#symbols.map((one, index) => new Option(named(one), index)));
    find("strategy").replaceChildren(...this.#strategies.map((one) => new Option(one.title ?? one.name, one.id)));
    // The strategy with something to choose is the better one to begin with.
    const first = this.#strategies.find((one) => Object.keys(one.params).length > 0) ?? this.#strategies[0];
    if (first) find("strategy").value = first.id;
    this.#showSymbol();
    this.#showStrategy();
  }

  get #symbol() {
    return this.#symbols[find("symbol").selectedIndex];
  }

  #showSymbol() {
    const { first, last, bars, closeOnly, adjusted } = this.#symbol;
    const [begin, end] = [day(first), day(last)];
    const facts = [words.prices(begin, end, whole(bars)), closeOnly && common.closesOnly, adjusted && common.adjusted];
    say(find("symbol-hint"), facts.filter(Boolean).join(" · "));
    for (const id of ["start", "end"]) [find(id).min, find(id).max] = [begin, end];
    if (this.#datesChosen) return;
    const years = `${Number(end.slice(0, 4)) - FIRST_SHOWN_YEARS}-01-01`;
    find("start").value = years > begin ? years : begin;
    find("end").value = end;
  }

  #showStrategy() {
    const strategy = this.#strategies[find("strategy").selectedIndex];
    say(find("strategy-hint"), strategy?.description);
    this.#parameters.show(strategy?.params ?? {});
  }

  async #submit() {
    this.#errors.clear();
    say(find("ticket-message"), "");
    const wrong = this.#errors.unreadable();
    if (wrong.length > 0) {
      this.#errors.show(wrong);
      return;
    }
    const body = this.#body();
    const text = JSON.stringify(body);
    const sent = this.#unsure?.text === text ? this.#unsure : { text, key: newKey() };
    this.#sending(true);
    try {
      const queued = await submit(body, sent.key);
      this.#unsure = null;
      this.#calls.onQueued(queued.jobId, this.#facts(body, queued));
    } catch (refusal) {
      this.#unsure = refusal.isUncertain ? sent : null;
      this.#refused(refusal);
    } finally {
      this.#sending(false);
    }
  }

  #body() {
    const strategyParams = this.#parameters.chosen();
    return {
      strategyId: find("strategy").value,
      params: {
        symbol: this.#symbol.symbol,
        timeframe: this.#symbol.timeframe,
        startDate: find("start").value,
        endDate: find("end").value,
        initialCapital: numberIn("capital"),
        ...(Object.keys(strategyParams).length > 0 && { strategyParams }),
      },
      priority: numberIn("priority"),
    };
  }

  /** What the new run is called until the server tells of it. */
  #facts({ params, priority }, { position, positionAtLeast, estimatedWaitTime, reason }) {
    const { title, name } = this.#strategies[find("strategy").selectedIndex];
    const standing = { position, positionAtLeast, estimatedWaitTime, reason };
    return { ...params, ...standing, priority, strategyName: title ?? name, createdAt: new Date().toISOString() };
  }

  #sending(is) {
    // Not disabled: a button that is, loses the focus.
    const run = find("run");
    this.#isSending = is;
    run.setAttribute("aria-disabled", is);
    run.textContent = is ? words.sending : words.run;
  }

  #refused(refusal) {
    if (refusal.isUnauthorized) {
      this.#calls.onUnauthorized();
      return;
    }
    const unplaced = this.#errors.show(refusal.details);
    if (refusal.details.length > 0 && unplaced.length === 0) return;
    const unknown = refusal.status === 0 ? ` ${words.mayHaveArrived}` : "";
    say(find("ticket-message"), `${refusal.message}${unknown}`);
  }
}

/** As random as crypto.randomUUID, which browsers keep from pages that came over plain http. */
const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");

/** null when it is left empty: the server says what it wants there. */
function numberIn(id) {
  const value = find(id).valueAsNumber;
  return Number.isNaN(value) ? null : value;
}
