/** Who is here: logs in by a one-time address or a key, keeps out who is not, and leaves nothing behind. */

import { session } from "./api.js";
import { dismiss } from "./confirm.js";
import { find, say } from "./dom.js";
import { Login } from "./login.js";
import { words } from "../words/common.js";

/** Pages of one browser have one cookie: who comes or goes in one of them, does so in all. */
const neighbours = "BroadcastChannel" in globalThis ? new BroadcastChannel("pgqueue session") : null;

export class Gate {
  #calls;
  #login;
  #userId = null;

  /** calls: onEnter(who), with userId, plan, role, scopes; onLeave(): forget all that was theirs. */
  constructor(calls) {
    this.#calls = calls;
    this.#login = new Login({ onSession: (who) => this.#enter(who) });
    find("logout").addEventListener("click", () => this.#end());
    window.addEventListener("hashchange", () => codeInAddress() !== null && this.begin());
    window.addEventListener("unauthorized", () => this.ended());
    neighbours?.addEventListener("message", ({ data }) => data.userId !== this.#userId && this.begin());
  }

  async begin() {
    const code = codeInAddress();
    // Out of the address before anything else: it may be shown, copied or saved.
    if (code !== null) history.replaceState(null, "", location.pathname);
    try {
      this.#enter(code === null ? await session.show() : await session.byCode(code));
    } catch (refusal) {
      await this.#explain(code, refusal);
    }
  }

  /** The server says that nobody is logged in any more, perhaps to several questions at once. */
  ended() {
    if (this.#userId !== null) this.#leave(words.sessionEnded);
  }

  async #end() {
    try {
      await session.end();
      // What was typed and not sent is nobody else's business; after an expired session it is still there.
      sessionStorage.clear();
      this.#leave(words.loggedOut);
      neighbours?.postMessage({ userId: null });
    } catch (refusal) {
      find("announcer").textContent = refusal.message;
    }
  }

  async #explain(code, refusal) {
    if (code === null) {
      this.#leave(refusal.isUnauthorized ? "" : refusal.message);
      return;
    }
    // A login address opened twice: whoever is still logged in need not be told.
    try {
      this.#enter(await session.show());
    } catch {
      this.#leave(refusal.isUnauthorized ? words.codeRefused : refusal.message);
    }
  }

  #enter(who) {
    dismiss();
    this.#calls.onLeave();
    for (const place of document.querySelectorAll("[data-inside]")) place.hidden = false;
    this.#login.hide();
    this.#userId = who.userId;
    neighbours?.postMessage({ userId: who.userId });
    this.#calls.onEnter(who);
  }

  #leave(why) {
    this.#userId = null;
    dismiss();
    this.#calls.onLeave();
    for (const place of document.querySelectorAll("[data-inside]")) place.hidden = true;
    say(find("connection"), "");
    this.#login.show(why);
  }
}

function codeInAddress() {
  return new URLSearchParams(location.hash.slice(1)).get("code");
}
