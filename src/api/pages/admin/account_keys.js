/** The keys of an account, newest first, and their end. A key itself nobody can show: only its beginning is kept. */

import { Refusal } from "../common/api.js";
import { confirmed } from "../common/confirm.js";
import { button, element, say } from "../common/dom.js";
import { words } from "../words/accounts.js";
import { get, remove } from "./calls.js";
import { Fetched } from "./fetched.js";
import { when } from "./moments.js";
import { panel, scrolled, table } from "./panel.js";

export class AccountKeys {
  element;
  #shared;
  #path;
  #fetched;
  #body = element("tbody");
  #message = element("p", { class: "notice", role: "alert", hidden: true });
  #done = element("p", { class: "done", role: "status" });

  constructor({ userId }, shared) {
    this.#shared = shared;
    this.#path = `/accounts/${encodeURIComponent(userId)}/keys`;
    this.#fetched = new Fetched({
      load: (signal) => get(this.#path, signal),
      show: ({ keys }) => this.#show(keys),
    });
    this.element = panel(words.keys, this.#fetched.element, this.#message, this.#done);
    this.#fetched.ask();
  }

  stop() {
    this.#fetched.stop();
  }

  #show(keys) {
    if (keys.length === 0) return [element("p", { class: "empty" }, words.noKeys, " ", element("code", { class: "code" }, "pgqueue keys create"))];
    this.#body.replaceChildren(...keys.map((key) => this.#row(key)));
    const columns = [words.key, words.may, words.made, words.lastUsed, words.keyEnds, null];
    return [scrolled(words.keys, table({ columns, body: this.#body, class: "account-keys" }))];
  }

  #row(key) {
    const isOver = key.revokedAt !== null || hasExpired(key);
    const name = [element("code", { class: "code" }, `${key.prefix}…`), key.name ? element("div", { class: "name" }, key.name) : null];
    const revoke = button(words.revoke, () => this.#revoke(key), { class: "quiet danger", "aria-label": `${words.revoke}: ${named(key)}` });
    return element(
      "tr",
      { "data-key": key.id, class: isOver ? "is-over" : null },
      element("td", {}, ...name.filter(Boolean)),
      element("td", { class: "name", "data-label": words.may }, key.scopes.map((scope) => words.scopes[scope] ?? scope).join(", ") || words.nothing),
      element("td", { "data-label": words.made }, when(key.createdAt)),
      element("td", { "data-label": words.lastUsed }, key.lastUsedAt ? when(key.lastUsedAt) : words.never),
      element("td", { "data-label": words.keyEnds }, ...ends(key)),
      element("td", { class: "number" }, !isOver && this.#shared.mayChange ? revoke : ""),
    );
  }

  async #revoke(key) {
    const [title, text] = [words.revokeTitle(named(key)), key.isYours ? words.revokeYours : words.revokeText];
    if (!(await confirmed({ title, text, action: words.revoke, isDanger: true }))) return;
    say(this.#message, "");
    this.#done.textContent = "";
    try {
      const revoked = await remove(`${this.#path}/${key.id}`);
      this.#body.querySelector(`[data-key="${CSS.escape(key.id)}"]`)?.replaceWith(this.#row(revoked));
      this.#done.textContent = words.revoked(named(key));
      // The button is gone: the focus stays near.
      this.#body.closest(".scroll")?.focus({ preventScroll: true });
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      say(this.#message, refusal.message);
      // Whether it is revoked, the list says.
      if (refusal.isUncertain) this.#fetched.ask();
    }
  }
}

const named = ({ prefix, name }) => name || `${prefix}…`;
const hasExpired = ({ expiresAt }) => expiresAt !== null && Date.parse(expiresAt) <= Date.now();

function ends(key) {
  if (key.revokedAt) return [element("span", { class: "chip", "data-outcome": "failed" }, words.wasRevoked), " ", when(key.revokedAt)];
  if (key.expiresAt === null) return [words.never];
  return hasExpired(key) ? [element("span", { class: "chip", "data-outcome": "refused" }, words.expired), " ", when(key.expiresAt)] : [when(key.expiresAt)];
}
