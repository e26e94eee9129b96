/** Accounts: a list, and one in full at an address of its own. */

import { element } from "../common/dom.js";
import { words } from "../words/accounts.js";
import { words as head } from "../words/admin.js";
import { AccountDetail } from "./account_detail.js";
import { AccountsList } from "./accounts_list.js";

export class AccountsView {
  element = element("section", { class: "page" });
  #heading = element("h2", { tabindex: "-1" });
  #list;
  #detail;
  #userId = null;
  #isShown = false;

  constructor(shared) {
    this.#list = new AccountsList();
    this.#detail = new AccountDetail(shared);
    this.element.append(element("div", { class: "page-head" }, this.#heading), this.#list.element, this.#detail.element);
  }

  title = () => `${this.#userId === null ? head.accounts : words.accountOf(this.#userId)} · ${head.product}`;

  enter([userId = ""], query) {
    const isOther = this.#userId !== (userId || null);
    this.#userId = userId || null;
    this.#heading.textContent = this.#userId === null ? head.accounts : words.accountOf(this.#userId);
    this.#list.element.hidden = this.#userId !== null;
    this.#detail.element.hidden = this.#userId === null;
    this.#stop();
    // From one to another: whoever reads with the ears is told where they are now.
    if (isOther && this.#isShown) this.#heading.focus({ preventScroll: true });
    this.#isShown = true;
    if (this.#userId === null) this.#list.ask(query);
    else this.#detail.ask(this.#userId, { isOther });
  }

  leave() {
    this.#isShown = false;
    this.#stop();
  }

  clear() {
    this.#userId = null;
    this.#list.clear();
    this.#detail.clear();
  }

  #stop() {
    this.#list.stop();
    this.#detail.stop();
  }
}
