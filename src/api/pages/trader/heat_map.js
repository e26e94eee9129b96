/** A sweep's metric over two of its parameters: a grid one moves in by the arrow keys, each cell a run to be opened. */

import { element, say } from "../common/dom.js";
import { whole } from "../common/format.js";
import { words } from "../words/sweep.js";
import { said } from "./combination.js";
import { isNeutral, label, shown } from "./metrics.js";
import { step } from "./monthly.js";

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class HeatMap {
  element;
  #found;
  #total;
  #combinations;
  #cells;
  #at = null;
  #readout = element("p", { class: "readout", role: "status" }, words.startHere);

  /** found: the server's answer. total: how many combinations there are. */
  constructor(found, total, combinations) {
    this.#found = found;
    this.#total = total;
    this.#combinations = combinations;
    this.#cells = this.#made();
    this.element = element("div", { class: "heat" }, this.#readout, this.#table(), ...this.#hints());
  }

  #made() {
    const { cells, ranks, metric } = this.#found;
    const steps = scale(cells.flat(), metric);
    return cells.map((row, y) =>
      row.map((value, x) => {
        const isThere = ranks[y][x] !== null;
        const cell = element(
          "td",
          {
            role: "gridcell",
            tabindex: "-1",
            class: "number",
            "data-step": value === null ? null : steps(value),
            "aria-disabled": isThere ? null : "true",
          },
          isThere ? shown(metric, value) : "",
        );
        if (!isThere) cell.append(element("span", { class: "unseen" }, words.nothingThere));
        return cell;
      }),
    );
  }

  #table() {
    const { x, y, metric } = this.#found;
    const axes = y ? `${y.name} \u2193  ${x.name} \u2192` : `${x.name} \u2192`;
    const corner = element("th", { scope: "col", role: "columnheader", class: "corner" }, axes);
    const head = x.values.map((value) => element("th", { scope: "col", role: "columnheader", class: "number" }, value));
    const rows = this.#cells.map((cells, index) =>
      element("tr", { role: "row" }, element("th", { scope: "row", role: "rowheader" }, y ? y.values[index] : label(metric)), ...cells),
    );
    const table = element(
      "table",
      { class: "heat-map", role: "grid", "aria-label": words.mapOf(label(metric), x.name, y?.name) },
      element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, corner, ...head)),
      element("tbody", { role: "rowgroup" }, ...rows),
    );
    this.#listen(table);
    const [first] = this.#cells.flat();
    (this.#best() ?? first)?.setAttribute("tabindex", "0");
    return element("div", { class: "scroll heat-scroll" }, table);
  }

  #best() {
    const y = this.#found.ranks.findIndex((row) => row.includes(1));
    return y < 0 ? null : this.#cells[y][this.#found.ranks[y].indexOf(1)];
  }

  #hints() {
    const { cells, metric, others } = this.#found;
    const known = cells.flat().filter((value) => value !== null);
    const rest = Object.keys(others ?? {});
    const range = known.length > 0 ? words.scale(shown(metric, Math.min(...known)), shown(metric, Math.max(...known))) : "";
    const sentences = [words.howTo, range, rest.length > 0 && words.bestOverRest(rest.join(", "))];
    return [element("p", { class: "hint" }, sentences.filter(Boolean).join(" "))];
  }

  #params(x, y) {
    const { x: across, y: down, others } = this.#found;
    const rest = Object.entries(others ?? {}).map(([name, values]) => [name, values[y][x]]);
    return Object.fromEntries([[across.name, across.values[x]], ...(down ? [[down.name, down.values[y]]] : []), ...rest]);
  }

  #read(x, y) {
    const rank = this.#found.ranks[y][x];
    if (this.#at === this.#cells[y][x]) return;
    this.#at?.classList.remove("is-read");
    this.#at = this.#cells[y][x];
    this.#at.classList.add("is-read");
    const { metric } = this.#found;
    if (rank === null) {
      const { x: across, y: down } = this.#found;
      const place = { [across.name]: across.values[x], ...(down ? { [down.name]: down.values[y] } : {}) };
      say(this.#readout, `${said(place)}: ${words.nothingThere}`);
      return;
    }
    const value = words.cell(said(this.#params(x, y)), label(metric), shown(metric, this.#found.cells[y][x]));
    const after = this.#combinations.isStored(rank) ? words.stored : words.unstored;
    say(this.#readout, `${value}, ${words.ranked(whole(rank), whole(this.#total))}. ${after}`);
  }

  /** The table hears for its cells: there may be thousands. */
  #listen(table) {
    for (const name of ["pointerover", "focusin"]) table.addEventListener(name, (event) => this.#heard(event, (x, y) => this.#read(x, y)));
    table.addEventListener("click", (event) => this.#heard(event, (x, y) => this.#open(x, y)));
    table.addEventListener("keydown", (event) => this.#heard(event, (x, y, cell) => this.#key(event, x, y, cell)));
  }

  /** act(x, y, cell), where it was at a cell: the head is a row of its own section, the first of a row is its head. */
  #heard({ target }, act) {
    const cell = target.closest("[role=gridcell]");
    if (cell) act(cell.cellIndex - 1, cell.parentElement.sectionRowIndex, cell);
  }

  #key(event, x, y, cell) {
    if (event.altKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#open(x, y);
      return;
    }
    const to = this.#target(event, x, y);
    if (!to) return;
    event.preventDefault();
    cell.setAttribute("tabindex", "-1");
    to.setAttribute("tabindex", "0");
    to.focus();
  }

  /** The pattern of a grid: Home and End along the row, with Ctrl to the corners. */
  #target({ key, ctrlKey }, x, y) {
    const [last, bottom] = [this.#cells[0].length - 1, this.#cells.length - 1];
    if (key === "Home") return this.#cells[ctrlKey ? 0 : y][0];
    if (key === "End") return this.#cells[ctrlKey ? bottom : y][last];
    const [right, down] = MOVES[key] ?? [];
    return right === undefined ? null : this.#cells[y + down]?.[x + right];
  }

  #open(x, y) {
    const rank = this.#found.ranks[y][x];
    if (rank !== null) this.#combinations.open(rank, this.#params(x, y));
  }
}

/** Steps of colour on either side of zero; of what knows no sign or no better, from the least to the most. */
function scale(cells, metric) {
  const known = cells.filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const isSigned = !isNeutral(metric) && low < 0 && high > 0;
  if (isSigned) {
    const extent = Math.max(-low, high);
    return (value) => step(value, [0.1, 0.3, 0.55, 0.8].map((share) => share * extent));
  }
  const worst = metric === "maxDrawdown" || high <= 0 ? -1 : 1;
  const width = high - low || 1;
  return (value) => {
    const share = (value - low) / width;
    return worst * Math.round(1 + 3 * (worst > 0 ? share : 1 - share));
  };
}
