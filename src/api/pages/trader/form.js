/** The order ticket: what to run, on what, from when to when. The server is the judge of what is valid. */

import { look, strategies, submit, symbols } from "./calls.js";
import { kept, keep } from "./choices.js";
import { Errors } from "./errors.js";
import { Grid } from "./grid.js";
import { Market } from "./market.js";
import { Once } from "./once.js";
import { bodyOf, fill, isSweep, setMode } from "./order.js";
import { Parameters } from "./parameters.js";
import { Period } from "./period.js";
import { StrategyPicker } from "./strategy_picker.js";
import { find, say } from "../common/dom.js";
import { keepingFocus } from "../common/focus.js";
import { words } from "../words/desk.js";

export class Ticket {
  #calls;
  #userId = null;
  #isLoaded = false;
  #isSending = false;
  /** What an address asked for before there was anything to choose from. */
  #asked = null;
  #once = new Once();
  #parts;
  #errors;

  /** calls: onQueued(jobId, facts); refusal(), why nothing may run now, or ""; onRefused(). */
  constructor(calls) {
    this.#calls = calls;
    const [parameters, grid, period] = [new Parameters(find("parameters")), new Grid(), new Period()];
    const market = new Market(() => market.prices && period.cover(market.prices));
    const strategy = new StrategyPicker((declared, labels) => {
      parameters.show(declared, labels);
      grid.show(declared, labels);
      this.#showMode();
    });
    this.#parts = { parameters, grid, period, market, strategy };
    this.#errors = new Errors((name) => (isSweep() ? grid : parameters).field(name));
    for (const id of ["mode-run", "mode-sweep"]) find(id).addEventListener("change", () => this.#showMode());
    find("reload").addEventListener("click", () => this.load(this.#userId));
    find("ticket").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#press();
    });
    find("ticket").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#press();
    });
  }

  async load(userId) {
    this.#userId = userId;
    this.#show({ isBusy: true });
    try {
      const [series, offered] = await Promise.all([symbols(), strategies()]);
      // Someone else may be here by now.
      if (this.#userId === userId) this.#offer(series, offered);
    } catch (refusal) {
      if (this.#userId === userId) this.#show({ trouble: words.optionsLost(refusal.message) });
    }
  }

  /** Back from another view, where strategies may have been made or changed. What is chosen stays. */
  async refresh() {
    if (!this.#isLoaded) return;
    try {
      this.#parts.strategy.offer(await strategies());
    } catch {
      // Those that were offered before stay.
    }
  }

  /** query: copy, the id of a run to begin from; or symbol and strategy. */
  async follow(query) {
    const asked = { copy: query.get("copy"), symbol: query.get("symbol"), strategy: query.get("strategy") };
    if (!this.#isLoaded) {
      this.#asked = asked;
      return;
    }
    this.#asked = null;
    if (asked.symbol) this.#parts.market.choose(asked.symbol.toUpperCase());
    if (asked.strategy && !this.#parts.strategy.choose(asked.strategy)) say(find("ticket-message"), words.strategyGone);
    if (asked.copy) await this.#copy(asked.copy);
  }

  clear() {
    this.#userId = this.#asked = null;
    this.#once.clear();
    this.#isLoaded = false;
    this.#errors.clear();
    for (const part of ["market", "period", "strategy"]) this.#parts[part].clear();
    find("ticket").reset();
    this.#show({ isBusy: true });
  }

  /** Whether it may run is known anew. */
  showMayRun() {
    this.#label();
  }

  #offer(series, offered) {
    if (series.length === 0) {
      this.#show({ trouble: words.noSymbols });
      return;
    }
    const { market, strategy, period } = this.#parts;
    market.offer(series);
    strategy.offer(offered);
    if (market.prices) period.cover(market.prices);
    this.#isLoaded = true;
    const before = kept(this.#userId);
    if (before) fill(before, this.#parts);
    this.#showMode();
    this.#show({});
    if (this.#asked) this.follow(new URLSearchParams(Object.entries(this.#asked).filter(([, value]) => value)));
  }

  async #copy(jobId) {
    const userId = this.#userId;
    try {
      const { request } = (await look(jobId)).data;
      if (this.#userId !== userId) return;
      const missing = fill(request, this.#parts);
      this.#showMode();
      say(find("ticket-message"), missing.join(" "));
      find("ticket").scrollIntoView({ block: "start" });
      find("symbol").focus({ preventScroll: true });
    } catch (refusal) {
      if (this.#userId === userId) say(find("ticket-message"), words.notCopied(refusal.message));
    }
  }

  #show({ isBusy = false, trouble = "" }) {
    find("ticket").setAttribute("aria-busy", isBusy);
    keepingFocus(() => (find("reload").hidden = trouble === ""), () => find("ticket-title"));
    find("ticket-skeleton").hidden = !isBusy;
    find("ticket-fields").hidden = isBusy || trouble !== "";
    find("run").disabled = isBusy || trouble !== "";
    say(find("ticket-message"), trouble);
    this.#label();
  }

  #showMode() {
    setMode(isSweep());
    this.#label();
  }

  #press() {
    if (this.#isSending || find("run").disabled) return;
    if (this.#calls.refusal() === "") this.#submit();
    else this.#calls.onRefused();
  }

  async #submit() {
    this.#errors.clear();
    say(find("ticket-message"), "");
    const wrong = [...this.#errors.unreadable(), ...(isSweep() ? this.#parts.grid.wrong() : [])];
    if (wrong.length > 0) {
      this.#errors.show(wrong);
      return;
    }
    const body = bodyOf(this.#parts);
    const [userId, hasDays] = [this.#userId, this.#parts.period.chosen !== null];
    this.#sending(true);
    try {
      const queued = await this.#once.ask(JSON.stringify(body), (key) => submit(body, key));
      // Whatever was lost before has shown up in the list by now, or did not arrive: sent anew it is meant anew.
      this.#once.clear();
      keep(userId, body, hasDays);
      this.#calls.onQueued(queued.jobId, this.#facts(body, queued));
    } catch (refusal) {
      // The ticket is empty by now; what was in it is there again after the next login.
      if (refusal.isUnauthorized) keep(userId, body, hasDays);
      this.#refused(refusal);
    } finally {
      this.#sending(false);
    }
  }

  /** What the new run is called until the server tells of it. */
  #facts({ params, priority, grid }, { position, positionAtLeast, estimatedWaitTime, reason }) {
    const standing = { position, positionAtLeast, estimatedWaitTime, reason };
    const kind = grid ? "sweep" : "backtest";
    const { id: strategyId, title: strategyName } = this.#parts.strategy;
    return { ...params, ...standing, kind, priority, strategyId, strategyName, createdAt: new Date().toISOString() };
  }

  #sending(is) {
    this.#isSending = is;
    this.#label();
  }

  #label() {
    const run = find("run");
    const refused = this.#calls.refusal();
    // Not disabled: a button that is, loses the focus.
    run.setAttribute("aria-disabled", this.#isSending || refused !== "");
    run.textContent = this.#isSending ? words.sending : refused || (isSweep() ? words.runSweep : words.run);
  }

  #refused(refusal) {
    const unplaced = this.#errors.show(refusal.details);
    if (refusal.details.length > 0 && unplaced.length === 0) return;
    if (refusal.code in words.used) this.#calls.onRefused();
    const unknown = refusal.status === 0 ? ` ${words.mayHaveArrived}` : "";
    say(find("ticket-message"), `${refusal.message}${unknown}`);
  }
}
