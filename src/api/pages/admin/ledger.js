/** The movements of an account's credits, newest first. */

import { Refusal } from "../common/api.js";
import { button, element, say } from "../common/dom.js";
import { busyWhile, keepingFocus } from "../common/focus.js";
import { whole } from "../common/format.js";
import { to } from "../common/routes.js";
import { words } from "../words/accounts.js";
import { when } from "./moments.js";
import { get } from "./calls.js";
import { cursorOf, queryOf } from "./pages.js";
import { scrolled, table } from "./panel.js";

const ID_SHOWN = 8;

export class Ledger {
  element = element("section", { class: "card sheet stack" }, element("h3", {}, words.ledger));
  #userId;
  #cursor = null;
  #body = element("tbody");
  #scroll;
  #empty = element("p", { class: "empty" }, words.noMovements);
  #message = element("p", { class: "notice", role: "alert", hidden: true });
  #more = button(words.moreMovements, () => busyWhile([this.#more], () => this.#older()), { class: "quiet" });

  constructor(account) {
    this.#userId = account.userId;
    const columns = [words.at, words.entry, words.movement, words.job, words.note];
    this.#scroll = scrolled(words.ledger, table({ columns, body: this.#body, isNumber: (index) => index === 2 }));
    this.element.append(this.#scroll, this.#empty, this.#message, this.#more);
    this.show(account);
  }

  /** The newest movements, as an account has them. */
  show({ ledger, ledgerNext = null }) {
    this.#body.replaceChildren(...ledger.map(row));
    this.#scroll.hidden = ledger.length === 0;
    this.#empty.hidden = ledger.length > 0;
    this.#follow(ledgerNext);
  }

  #follow(next) {
    this.#cursor = cursorOf(next);
    this.#more.hidden = this.#cursor === null;
  }

  async #older() {
    say(this.#message, "");
    try {
      const { movements, next } = await get(`/accounts/${this.#userId}/ledger${queryOf({ cursor: this.#cursor })}`);
      this.#body.append(...movements.map(row));
      // After the last of them the button is gone.
      keepingFocus(() => this.#follow(next), () => this.#scroll);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      say(this.#message, refusal.message);
    }
  }
}

/** What a movement does to the credits that are available; what is spent was held before. */
function effect({ entry, amount }) {
  const change = { held: -amount, taken: 0 }[entry] ?? amount;
  return change > 0 ? `+${whole(change)}` : whole(change || amount);
}

const named = ({ entry, amount }) => (entry === "granted" && amount < 0 ? words.takenBack : words.entries[entry] ?? entry);

function row(movement) {
  const { at, jobId, note } = movement;
  const job = jobId ? element("a", { class: "link code", href: to("jobs", jobId), title: jobId }, jobId.slice(0, ID_SHOWN)) : "–";
  return element(
    "tr",
    {},
    element("td", {}, when(at, { isLong: true })),
    element("td", {}, named(movement)),
    element("td", { class: "number" }, effect(movement)),
    element("td", {}, job),
    element("td", { class: "note" }, note ?? ""),
  );
}
