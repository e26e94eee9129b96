/** One account: what it uses, what it may, its credits, and the movements of them. */

import { element } from "../common/dom.js";
import { whole } from "../common/format.js";
import { to } from "../common/routes.js";
import { words } from "../words/accounts.js";
import { AccountForm } from "./account_form.js";
import { AccountKeys } from "./account_keys.js";
import { exact } from "./ages.js";
import { when } from "./moments.js";
import { used } from "./accounts_list.js";
import { get } from "./calls.js";
import { CreditsForm } from "./credits_form.js";
import { Fetched } from "./fetched.js";
import { Ledger } from "./ledger.js";
import { panel } from "./panel.js";

export class AccountDetail {
  element = element("div", { class: "stack" });
  #shared;
  #userId = null;
  /** Of the account that is shown: an answer about one that was left is not. */
  #shownId = null;
  #fetched;
  #facts = element("dl", { class: "facts" });
  #ledger = null;
  #keys = null;
  #form = null;

  constructor(shared) {
    this.#shared = shared;
    this.#fetched = new Fetched({
      load: (signal) => get(`/accounts/${encodeURIComponent(this.#userId)}`, signal),
      show: (account) => this.#show(account),
    });
    this.element.append(this.#fetched.element);
  }

  ask(userId, { isOther }) {
    this.#userId = userId;
    if (isOther) this.#shownId = null;
    this.#fetched.ask({ isOther });
  }

  stop() {
    this.#keys?.stop();
    this.#fetched.stop();
  }

  clear() {
    this.#shownId = null;
    this.#fetched.clear();
  }

  #show(account) {
    const { mayChange } = this.#shared;
    this.#shownId = account.userId;
    const changes = {
      onChanged: (changed) => this.#update(changed),
      onUnsure: () => this.#again(),
    };
    this.#ledger = new Ledger(account);
    this.#keys = new AccountKeys(account, this.#shared);
    this.#form = mayChange ? new AccountForm(account, changes) : null;
    const credits = mayChange ? new CreditsForm(account, changes) : null;
    this.#tell(account);
    const use = panel(words.use, this.#facts, element("p", { class: "hint" }, words.useHint));
    const panels = element("div", { class: "panels" }, element("div", { class: "stack" }, use, credits?.element), this.#form?.element);
    return [links(account), panels, this.#keys.element, this.#ledger.element];
  }

  /** As an action answered: what was typed elsewhere stays. */
  #update(account) {
    if (account.userId !== this.#shownId) return;
    this.#tell(account);
    this.#form?.show(account);
    this.#ledger.show(account);
  }

  async #again() {
    try {
      this.#update(await get(`/accounts/${encodeURIComponent(this.#userId)}`));
    } catch {
      // Whoever asked has been told already that the server does not answer.
    }
  }

  #tell(account) {
    const { plan, role, isLocked, credits, resetsAt } = account;
    const facts = [
      [words.plan, plan],
      [words.role, [words.roles[role] ?? "–", isLocked ? ` · ${words.locked}` : ""].join("")],
      [words.ranToday, used(account.today, account.perDay), resetsAt ? words.resets(exact(resetsAt)) : null],
      [words.runningNow, used(account.running, account.concurrent)],
      [words.processingNow, whole(account.processing)],
      [words.waitingNow, used(account.waiting, account.waitingLimit)],
      [words.heldNow, whole(account.held)],
      [words.available, whole(credits.available)],
      [words.creditsHeld, whole(credits.held)],
      [words.since, when(account.createdAt, { isLong: true })],
    ];
    const pairs = facts.flatMap(([name, value, title]) => [element("dt", {}, name), element("dd", { title }, value)]);
    this.#facts.replaceChildren(...pairs);
  }
}

function links({ userId }) {
  const link = (href, text) => element("a", { class: "link", href }, text);
  return element(
    "nav",
    { class: "pages", "aria-label": words.accountOf(userId) },
    link(to("accounts"), words.all),
    link(to("jobs", { userId }), words.jobs),
    link(to("audit", { target: `account:${userId}` }), words.audit),
  );
}
