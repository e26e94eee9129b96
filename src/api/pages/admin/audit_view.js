/** Who did what to what, when, and how it went; filters and pages are in the address. */

import { secondsSince } from "../common/clock.js";
import { button, element } from "../common/dom.js";
import { to } from "../common/routes.js";
import { words } from "../words/audit.js";
import { words as head } from "../words/admin.js";
import { AuditFilters } from "./audit_filters.js";
import { auditRow } from "./audit_row.js";
import { get } from "./calls.js";
import { Fetched } from "./fetched.js";
import { cursorOf, queryOf } from "./pages.js";
import { scrolled, table } from "./panel.js";

/** What has no outcome for so long was cut short; until then it may be on its way, and nothing is pushed of it. */
const GOES_ON_SECONDS = 60;
const AGAIN_MILLISECONDS = 1_000;

export class AuditView {
  element = element("section", { class: "page" });
  #shared;
  #query = {};
  #cursor = null;
  /** Id of the newest entry of all: null when there is none, undefined when nobody said yet. */
  #newest;
  #filters = new AuditFilters((query) => (location.hash = to("audit", query)));
  #newer = button(words.newer, () => this.#ask(), { class: "quiet newer", hidden: true });
  #fetched;
  #end = null;
  #timer = 0;

  constructor(shared) {
    this.#shared = shared;
    this.#fetched = new Fetched({
      load: (signal) => get(`/audit${queryOf({ ...this.#query, cursor: this.#cursor })}`, signal),
      show: (page) => this.#show(page),
    });
    this.element.append(
      element("h2", { tabindex: "-1" }, head.audit),
      element("p", { class: "hint" }, words.hint),
      this.#filters.element,
      this.#newer,
      this.#fetched.element,
    );
  }

  title = () => `${head.audit} · ${head.product}`;

  enter(_, query) {
    this.#cursor = query.get("cursor");
    this.#query = this.#filters.show(query);
    this.#ask();
    this.#end ??= this.#shared.figures.on("audit", ({ newest }) => this.#hear(newest));
  }

  leave() {
    clearTimeout(this.#timer);
    this.#fetched.stop();
    this.#end?.();
    this.#end = null;
  }

  clear() {
    this.#fetched.clear();
    this.#newest = undefined;
  }

  /** On the first page the log grows by itself while one is at its top; further down nothing moves unasked. */
  #hear(newest) {
    if (newest === this.#newest) return;
    const isFirst = this.#newest === undefined;
    this.#newest = newest;
    if (isFirst || this.#cursor !== null) return;
    if (window.scrollY === 0) this.#ask();
    else this.#newer.hidden = false;
  }

  #ask() {
    clearTimeout(this.#timer);
    this.#newer.hidden = true;
    this.#fetched.ask();
  }

  #show({ entries, next }) {
    if (entries.some(isGoingOn)) this.#timer = setTimeout(() => this.#ask(), AGAIN_MILLISECONDS);
    const isFiltered = Object.values(this.#query).some(Boolean);
    if (entries.length === 0) return [element("p", { class: "card sheet empty" }, isFiltered ? words.noneFits : words.empty)];
    const columns = [words.at, words.who, words.what, words.facts, words.outcome];
    const made = table({ columns, body: entries.map(auditRow), class: "audit" });
    const link = (text, cursor) => element("a", { class: "link", href: to("audit", { ...this.#query, cursor }) }, text);
    const older = cursorOf(next);
    const links = [this.#cursor ? link(words.newest, null) : null, older ? link(words.older, older) : null];
    return [
      element("div", { class: "card sheet" }, scrolled(head.audit, made)),
      element("nav", { class: "pages", "aria-label": head.audit }, ...links),
    ];
  }
}

const isGoingOn = ({ at, outcome }) => outcome === null && secondsSince(at) < GOES_ON_SECONDS;
