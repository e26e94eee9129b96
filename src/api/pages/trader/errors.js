/** What is wrong, said at the field it is wrong in. */

import { find, say } from "../common/dom.js";
import { words } from "../words/desk.js";

/** Paths of the request's members, as the server names them; older ones without "params." mean the same. */
const FIELDS = {
  "costs.commission": "commission",
  "costs.slippage": "slippage",
  benchmark: "benchmark",
  outOfSampleFrom: "sample",
  where: "where",
  rankBy: "rank-by",
  symbol: "symbol",
  timeframe: "symbol",
  strategyId: "strategy",
  startDate: "start",
  endDate: "end",
  initialCapital: "capital",
  priority: "priority",
};
const IN_BASIS_POINTS = new Set(["commission", "slippage"]);
const OVERRIDE = /(?:strategyParams|grid)\.(\w+)/;

export class Errors {
  #parameter;

  /** parameter(name): the field of a strategy's parameter; null where there is none. */
  constructor(parameter) {
    this.#parameter = parameter;
  }

  clear() {
    for (const field of document.querySelectorAll("#ticket [aria-invalid]")) {
      field.removeAttribute("aria-invalid");
      say(find(`${field.id}-error`), "");
    }
  }

  /** details: [{path, message}]. Goes to the first wrong field; answers with those that have no field here. */
  show(details) {
    const placed = details.map((detail) => ({ ...detail, field: this.#fieldOf(detail) }));
    for (const { field, message } of placed.filter((one) => one.field)) {
      field.setAttribute("aria-invalid", true);
      field.closest("details")?.setAttribute("open", "");
      say(find(`${field.id}-error`), IN_BASIS_POINTS.has(field.id) ? words.basisPoints : sentence(message));
    }
    document.querySelector("#ticket [aria-invalid]")?.focus();
    return placed.filter((one) => !one.field);
  }

  /** Fields with something in them that a browser reads as nothing: sent, it would mean “not given”. */
  unreadable() {
    return [...document.querySelectorAll("#ticket input")]
      .filter((field) => field.validity.badInput && !field.closest("[hidden]"))
      .map((field) => ({ field, message: field.type === "date" ? words.notADate : words.notANumber }));
  }

  #fieldOf({ field, path, message }) {
    if (field) return field;
    const override = OVERRIDE.exec(path) ?? (path.endsWith("strategyParams") ? OVERRIDE.exec(message) : null);
    if (override) return this.#parameter(override[1]);
    if (path === "grid") return document.querySelector("#grid input");
    const id = FIELDS[path.replace(/^params\./, "")];
    return id ? find(id) : null;
  }
}

/** “Must be 2 to 400” out of a message that names its place once more; members by what stands at their fields. */
function sentence(message) {
  const plain = message.replace(/^.*strategyParams\.\w+:\s*/, "");
  const said = plain.replace(/\b(start|end)Date\b/, (name) => words.members[name]);
  return said.charAt(0).toUpperCase() + said.slice(1);
}
