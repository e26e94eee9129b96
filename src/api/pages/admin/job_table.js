/** Found jobs as a table: rows are added below and changed in place, one of them is the current one. */

import { element } from "../common/dom.js";
import { words } from "../words/admin_jobs.js";
import { JobRow } from "./job_row.js";

const COLUMNS = ["choose", "status", "what", "user", "rank", "queue", "attempt", "created", "took", "more"];
const NUMBERS = new Set(["attempt", "took"]);
const SKELETON_ROWS = 8;

export class JobTable {
  element;
  rows = new Map();
  #body = element("tbody", { role: "rowgroup" });
  #all = element("input", { type: "checkbox", "aria-label": words.selectShown });
  #calls;
  #current = null;

  /** calls: onChoose(jobId, isChosen, isRange), onChooseAll(isChosen), onMenu(row). */
  constructor(calls) {
    this.#calls = calls;
    this.#all.addEventListener("change", () => calls.onChooseAll(this.#all.checked));
    this.element = element(
      "table",
      { role: "table", class: "jobs-table", "aria-label": words.found },
      element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...COLUMNS.map((name) => this.#head(name)))),
      this.#body,
    );
    // Wherever one goes by tab or by touch, the keys go on from there.
    this.#body.addEventListener("focusin", (event) => {
      const at = event.target.closest("tr")?.dataset.job;
      if (at) this.#point(at);
    });
  }

  /** Ids as they are shown. */
  get ids() {
    return [...this.rows.keys()];
  }

  get current() {
    return this.rows.get(this.#current) ?? null;
  }

  wait() {
    this.clear();
    const bones = () => COLUMNS.map(() => element("td", {}, element("span", { class: "bone" })));
    this.#body.append(...Array.from({ length: SKELETON_ROWS }, () => element("tr", { class: "skeleton", "aria-hidden": "true" }, ...bones())));
  }

  clear() {
    this.rows = new Map();
    this.#current = null;
    this.#body.replaceChildren();
  }

  /** Rows for those that have none; the others as they are now, where they were changed. */
  show(jobs, marks, changed = null) {
    if (this.rows.size === 0) this.#body.replaceChildren();
    const added = [];
    for (const [jobId, job] of jobs) {
      const there = this.rows.get(jobId);
      if (there && (changed === null || changed.has(jobId))) there.show(job, marks.get(jobId) ?? null);
      if (!there) added.push(this.#made(jobId, job));
    }
    this.#body.append(...added);
  }

  choose(ids) {
    for (const [jobId, row] of this.rows) row.choose(ids.has(jobId));
    const shown = this.ids;
    const chosen = shown.filter((jobId) => ids.has(jobId)).length;
    this.#all.checked = chosen > 0 && chosen === shown.length;
    this.#all.indeterminate = chosen > 0 && chosen < shown.length;
  }

  tick() {
    for (const row of this.rows.values()) row.tick();
  }

  /** To the next row (1) or the one before (-1). False where there is none. */
  move(by) {
    const shown = this.ids;
    const at = shown.indexOf(this.#current);
    const next = shown[at < 0 ? 0 : at + by];
    if (next) this.focus(next);
    return next !== undefined;
  }

  focus(jobId) {
    const row = this.rows.get(jobId);
    row?.link.focus({ preventScroll: true });
    row?.element.scrollIntoView({ block: "nearest" });
  }

  /** Whether any of these rows is in sight. */
  isSeen = (ids) => {
    const [first, last] = [this.rows.get(ids[0]), this.rows.get(ids.at(-1))];
    if (!first || !last) return false;
    return first.element.getBoundingClientRect().top < innerHeight && last.element.getBoundingClientRect().bottom > 0;
  };

  #made(jobId, job) {
    const row = new JobRow(job, {
      onChoose: ({ job: { jobId: id } }, event) => this.#calls.onChoose(id, event.target.checked, event.shiftKey),
      onMenu: this.#calls.onMenu,
    });
    this.rows.set(jobId, row);
    return row.element;
  }

  #point(jobId) {
    this.current?.element.classList.remove("is-current");
    this.#current = jobId;
    this.current?.element.classList.add("is-current");
  }

  #head(name) {
    const inside = name === "choose" ? this.#all : name === "more" ? element("span", { class: "unseen" }, words.columns.more) : words.columns[name];
    return element("th", { role: "columnheader", scope: "col", class: `job-${name}${NUMBERS.has(name) ? " number" : ""}` }, inside);
  }
}
