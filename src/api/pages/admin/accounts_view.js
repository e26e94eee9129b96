/** Accounts: plans, quotas, credits and their ledger. */

import { element } from "../common/dom.js";
import { words } from "../words/admin.js";

export class AccountsView {
  element = element("section", { class: "page" });
  #heading = element("h2", { tabindex: "-1" }, words.accounts);

  constructor() {
    this.element.append(this.#heading);
  }

  title = () => words.accounts;
  enter() {}
  leave() {}
}
