/** What one is looking for among all runs: fields, the address they make, and whether a job fits. */

import { button, element } from "../common/dom.js";
import { strategyTitled } from "../common/known.js";
import { replace, to } from "../common/routes.js";
import { words as common } from "../words/common.js";
import { words } from "../words/desk.js";

const STATUSES = ["waiting", "processing", "completed", "failed", "cancelled"];
const KINDS = ["backtest", "sweep"];
/** Typing is one change when it pauses. */
const PAUSE_MILLISECONDS = 350;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export class Filters {
  element;
  #fields;
  #clear = button(words.clearFilters, () => this.#become(new URLSearchParams()), { class: "link" });
  #onChange;
  #timer = 0;

  /** onChange(asked): the query to ask the server with. */
  constructor(onChange) {
    this.#onChange = onChange;
    const choice = (id, all, values, named) => {
      const made = element("select", { id });
      made.append(new Option(all, ""), ...values.map((one) => new Option(named[one], one)));
      return made;
    };
    const typed = (id, type = "search") => element("input", { id, type, maxlength: 100, autocomplete: "off", spellcheck: "false" });
    this.#fields = {
      status: choice("history-status", words.anyStatus, ["waiting,processing", ...STATUSES], { "waiting,processing": words.unfinished, ...common.status }),
      kind: choice("history-kind", words.anyKind, KINDS, { backtest: words.single, sweep: words.sweep }),
      symbol: typed("history-symbol"),
      strategy: typed("history-strategy"),
      since: typed("history-since", "date"),
      until: typed("history-until", "date"),
    };
    const labels = { status: words.status, kind: words.kind, symbol: words.symbol, strategy: words.strategy, since: words.since, until: words.until };
    this.element = element(
      "form",
      { class: "toolbar filters", role: "search" },
      ...Object.entries(this.#fields).map(([name, field]) => element("div", { class: "field" }, element("label", { for: field.id }, labels[name]), field)),
      this.#clear,
    );
    this.element.addEventListener("input", () => this.#soon());
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#changed();
    });
  }

  /** query: of the address. What is no filter is left alone. */
  show(query) {
    for (const [name, field] of Object.entries(this.#fields)) {
      const value = query.get(name) ?? "";
      // An address may name several states that the list of choices has not together.
      if (name === "status" && value && ![...field.options].some((one) => one.value === value)) field.append(new Option(value, value));
      field.value = value;
    }
    this.#clear.hidden = this.isEmpty;
  }

  get isEmpty() {
    return Object.values(this.#fields).every((field) => field.value === "");
  }

  /** As the server is asked: days are the reader's own, the last one included. */
  get asked() {
    const { status, kind, symbol, strategy, since, until } = this.#values;
    const id = (strategy && strategyTitled(strategy)) ?? strategy;
    const asked = Object.entries({
      status, kind, symbol: symbol.toUpperCase(),
      [UUID.test(id) ? "strategyId" : "q"]: id,
      since: since && midnight(since, 0).toISOString(),
      until: until && midnight(until, 1).toISOString(),
    });
    return new URLSearchParams(asked.filter(([, value]) => value !== "")).toString();
  }

  /** Whether a job that was heard of belongs into what is shown. */
  fits(job) {
    const { status, kind, symbol, strategy, since, until } = this.#values;
    const made = new Date(job.createdAt);
    return (
      (!status || status.split(",").includes(job.status)) &&
      (!kind || kind === job.kind) &&
      (!symbol || symbol.toUpperCase() === job.symbol) &&
      (!strategy || strategy === job.strategyId || (job.strategyName ?? "").toLowerCase().includes(strategy.toLowerCase()) || strategyTitled(strategy) === job.strategyId) &&
      (!since || made >= midnight(since, 0)) &&
      (!until || made < midnight(until, 1))
    );
  }

  get #values() {
    return Object.fromEntries(Object.entries(this.#fields).map(([name, field]) => [name, field.value.trim()]));
  }

  #become(query) {
    this.show(query);
    this.#changed();
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed(), PAUSE_MILLISECONDS);
  }

  #changed() {
    clearTimeout(this.#timer);
    this.#clear.hidden = this.isEmpty;
    replace(to("history", this.#values));
    this.#onChange(this.asked);
  }
}

function midnight(day, later) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later);
}
