/** The one box and the filters beside it: what they hold is in the address, and nowhere else. */

import { button, element } from "../common/dom.js";
import { whole } from "../common/format.js";
import { words as common } from "../words/common.js";
import { words } from "../words/admin_jobs.js";
import { MAIN_STATUSES, MEMBERS, PART_STATUSES, address, changed } from "./job_query.js";
import { exact, local, long } from "./moments.js";
import { PLANS } from "./plans.js";

const TIMES = new Set(["since", "until", "finishedSince", "finishedUntil"]);
const TEXTS = ["symbol", "strategy", "error", "userId", "kind"];

export class JobFilters {
  element;
  #figures;
  #search = {};
  #fields = {};
  #statuses = element("nav", { class: "jobs-statuses", "aria-label": words.byStatus });
  #active = element("ul", { class: "jobs-active", "aria-label": words.activeFilters });
  #links = new Map();
  #toggle;
  #panel;

  /** calls: onSearch(search), with what is asked now; it may be the same as before. */
  constructor(figures, { onSearch }) {
    this.#figures = figures;
    this.#makeFields();
    this.#makeLinks();
    this.#toggle = button(words.filters, () => this.#open(this.#panel.hidden), { "aria-controls": "jobs-filters", "aria-expanded": "false" });
    this.element = element(
      "form",
      { role: "search", class: "jobs-search", "aria-label": words.search, novalidate: true },
      element("div", { class: "jobs-box" }, this.#fields.q, element("button", { type: "submit", class: "primary" }, words.find), this.#toggle),
      this.#panel,
      this.#statuses,
      this.#active,
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      onSearch(this.#read());
    });
    // Lists and dates apply at once; a text when one is done with it.
    this.#panel.addEventListener("change", () => onSearch(this.#read()));
  }

  /** What is asked now, in the fields and as labels that take one away. */
  show(search) {
    this.#search = search;
    for (const [name, field] of Object.entries(this.#fields)) {
      const value = TIMES.has(name) ? local(search[name]) : (search[name] ?? "");
      if (field.tagName === "SELECT") offer(field, value);
      if (field.value !== value) field.value = value;
    }
    const active = MEMBERS.filter((name) => name !== "q" && name !== "status" && search[name]);
    this.#active.replaceChildren(...active.map((name) => this.#label(name)));
    this.#active.hidden = active.length === 0;
    this.#toggle.textContent = active.length > 0 ? words.filtersOn(active.length) : words.filters;
    this.count();
  }

  /** Counts of all jobs: shown only where nothing but the plan narrows them. */
  count() {
    const { counts = [], countedTo = Infinity } = this.#figures.newest("stats") ?? {};
    const isOfAll = MEMBERS.every((name) => name === "status" || name === "plan" || !this.#search[name]);
    for (const [status, { link, count }] of this.#links) {
      const mine = counts.filter((one) => one.status === status && (!this.#search.plan || one.plan === this.#search.plan));
      const total = mine.reduce((sum, { jobs }) => sum + jobs, 0);
      const isCounted = isOfAll && counts.length > 0 && MAIN_STATUSES.includes(status);
      count.textContent = !isCounted ? "" : total >= countedTo ? ` ${whole(countedTo)}+` : ` ${whole(total)}`;
      const isOn = (this.#search.status ?? "") === status;
      link.href = address(changed(this.#search, { status: isOn ? null : status }));
      if (isOn) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  focus() {
    this.#fields.q.focus();
    this.#fields.q.select();
  }

  queues() {
    const names = (this.#figures.newest("queues")?.queues ?? []).map(({ name }) => name);
    for (const name of names) offer(this.#fields.queue, name, { isChosen: false });
  }

  #label(name) {
    const value = TIMES.has(name) ? long(this.#search[name]) : this.#search[name];
    const off = element("a", { href: address(changed(this.#search, { [name]: null })), "aria-label": words.without(words.members[name]) }, "×");
    return element("li", {}, `${words.members[name]}: `, element("b", {}, value), off);
  }

  #read() {
    const values = Object.entries(this.#fields).map(([name, field]) => {
      const value = field.value.trim();
      if (!TIMES.has(name)) return [name, value];
      // A field of minutes does not cut the seconds off a time that came by address.
      return [name, value === local(this.#search[name]) ? this.#search[name] : exact(value)];
    });
    return changed(this.#search, Object.fromEntries(values));
  }

  #open(isOpen) {
    this.#panel.hidden = !isOpen;
    this.#toggle.setAttribute("aria-expanded", isOpen);
  }

  /** Made once: one may be about to press them while they count. */
  #makeLinks() {
    const texts = { "": words.all, ...pick(common.status, MAIN_STATUSES), ...pick(words.states, PART_STATUSES) };
    for (const [status, text] of Object.entries(texts)) {
      const count = element("span", { class: "count" });
      const link = element("a", { "data-status": status, class: PART_STATUSES.includes(status) ? "extra" : null }, text, count);
      this.#links.set(status, { link, count });
      this.#statuses.append(link);
    }
  }

  #makeFields() {
    const text = (name, type = "text") => element("input", { id: `jobs-${name}`, type, autocomplete: "off", spellcheck: "false", maxlength: 100 });
    this.#fields = {
      q: element("input", { id: "jobs-q", type: "search", "aria-label": words.search, placeholder: words.searchHint, autocomplete: "off", spellcheck: "false", maxlength: 100 }),
      plan: select("plan", PLANS),
      queue: select("queue", []),
    };
    for (const name of TEXTS) this.#fields[name] = text(name);
    for (const name of TIMES) this.#fields[name] = text(name, "datetime-local");
    const { q, ...others } = this.#fields;
    const fields = Object.entries(others).map(([name, field]) =>
      element("div", { class: "field" }, element("label", { for: field.id }, words.members[name]), field),
    );
    this.#panel = element("div", { id: "jobs-filters", class: "jobs-filters", hidden: true }, ...fields);
  }
}

function select(name, values) {
  const made = element("select", { id: `jobs-${name}` }, element("option", { value: "" }, words.any));
  for (const value of values) offer(made, value, { isChosen: false });
  return made;
}

/** A value that no list knows came by address: it is offered too. */
function offer(list, value, { isChosen = true } = {}) {
  if (![...list.options].some((option) => option.value === value)) list.append(element("option", { value }, value));
  if (isChosen) list.value = value;
}

const pick = (table, names) => Object.fromEntries(names.map((name) => [name, table[name]]));
