/** The way in without a login address: an API key, exchanged for a cookie and not kept. */

import { session } from "./api.js";
import { find, say } from "./dom.js";
import { words } from "../words/common.js";

export class Login {
  #onSession;

  constructor({ onSession }) {
    this.#onSession = onSession;
    find("login-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  show(message) {
    find("login").hidden = false;
    say(find("login-message"), message);
    find("key").focus();
  }

  hide() {
    if (find("login").hidden) return;
    find("login").hidden = true;
    find("key").value = "";
    say(find("login-message"), "");
  }

  async #submit() {
    const key = find("key").value.trim();
    // Header values are Latin-1; a key never has anything else in it.
    const refused = key === "" ? words.keyMissing : /^[\x21-\x7e]+$/.test(key) ? "" : words.keyRefused;
    if (refused) {
      this.show(refused);
      return;
    }
    try {
      const who = await session.byKey(key);
      this.#onSession(who);
    } catch (refusal) {
      this.show(refusal.isUnauthorized ? words.keyRefused : refusal.message);
    }
  }
}
