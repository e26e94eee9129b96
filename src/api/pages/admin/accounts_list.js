/** Accounts, newest first: what each may and does. */

import { element, say } from "../common/dom.js";
import { day, whole } from "../common/format.js";
import { to } from "../common/routes.js";
import { words } from "../words/accounts.js";
import { get } from "./calls.js";
import { Fetched } from "./fetched.js";
import { cursorOf, queryOf } from "./pages.js";
import { scrolled, table } from "./panel.js";
import { PLANS } from "./plans.js";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export class AccountsList {
  element = element("div", { class: "stack" });
  #query = { plan: null, cursor: null };
  #plan = element(
    "select",
    { id: "accounts-plan" },
    element("option", { value: "" }, words.anyPlan),
    ...PLANS.map((plan) => element("option", { value: plan }, plan)),
  );
  #user = element("input", {
    id: "accounts-user",
    type: "search",
    spellcheck: "false",
    autocomplete: "off",
    "aria-describedby": "accounts-user-error",
  });
  #error = element("p", { class: "error", id: "accounts-user-error", hidden: true });
  #fetched;

  constructor() {
    this.#fetched = new Fetched({
      load: (signal) => get(`/accounts${queryOf(this.#query)}`, signal),
      show: (page) => this.#show(page),
    });
    this.element.append(this.#toolbar(), this.#fetched.element);
  }

  ask(query) {
    this.#query = { plan: query.get("plan"), cursor: query.get("cursor") };
    this.#plan.value = PLANS.includes(this.#query.plan) ? this.#query.plan : "";
    this.#fetched.ask();
  }

  stop() {
    this.#fetched.stop();
  }

  clear() {
    this.#fetched.clear();
    this.#user.value = "";
    say(this.#error, "");
  }

  #toolbar() {
    this.#plan.addEventListener("change", () => (location.hash = to("accounts", { plan: this.#plan.value })));
    const form = element(
      "form",
      { class: "toolbar", novalidate: true },
      element("div", { class: "field" }, element("label", { for: "accounts-plan" }, words.plan), this.#plan),
      element("div", { class: "field id-field" }, element("label", { for: "accounts-user" }, words.userId), this.#user, this.#error),
      element("button", { type: "submit" }, words.find),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const userId = this.#user.value.trim();
      const isId = UUID.test(userId);
      say(this.#error, isId ? "" : words.notAnId);
      if (isId) this.#user.removeAttribute("aria-invalid");
      else this.#user.setAttribute("aria-invalid", "true");
      if (isId) location.hash = to("accounts", userId.toLowerCase());
    });
    return form;
  }

  #show({ accounts, next }) {
    const { plan } = this.#query;
    if (accounts.length === 0) return [element("p", { class: "card sheet empty" }, plan ? words.noneFits : words.empty)];
    const { user, role, today, runningNow, waiting, credits, since } = words;
    const columns = [user, words.plan, role, today, runningNow, waiting, credits, since];
    const made = table({ columns, body: accounts.map(row), isNumber: (index) => index > 2 });
    const cursor = cursorOf(next);
    return [
      element("div", { class: "card sheet" }, scrolled(words.all, made)),
      element(
        "nav",
        { class: "pages", "aria-label": words.all },
        this.#query.cursor ? element("a", { class: "link", href: to("accounts", { plan }) }, words.newest) : null,
        cursor ? element("a", { class: "link", href: to("accounts", { plan, cursor }) }, words.older) : null,
      ),
    ];
  }
}

/** "3 of 10"; "3" where there is no limit. */
export const used = (figure, limit) => (limit === null ? whole(figure) : words.of(whole(figure), whole(limit)));

function row(account) {
  const { userId, plan, role, isLocked, credits } = account;
  const name = element("a", { class: "link code", href: to("accounts", userId) }, userId);
  const number = (text) => element("td", { class: "number" }, text);
  const held = credits.held ? ` (${words.held(whole(credits.held))})` : "";
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, name),
    element("td", {}, plan),
    element("td", {}, words.roles[role] ?? "–", isLocked ? element("span", { class: "tag grave" }, words.locked) : null),
    number(used(account.today, account.perDay)),
    number(used(account.running, account.concurrent)),
    number(used(account.waiting, account.waitingLimit)),
    number(`${whole(credits.available)}${held}`),
    number(element("time", { datetime: account.createdAt, title: account.createdAt }, day(account.createdAt))),
  );
}
