/** A place that one question fills: loading, failed with a way to ask again, or there. */

import { Refusal } from "../common/api.js";
import { button, element } from "../common/dom.js";
import { words } from "../words/common.js";
import { whyNot } from "./wrong_address.js";

export class Fetched {
  element = element("div", { class: "fetched" });
  #content = element("div", { class: "fetched-content" });
  #notice = element("div", { class: "notice", role: "alert", hidden: true });
  #calls;
  #life = null;
  #isThere = false;

  /** calls: load(signal), show(data) to nodes. */
  constructor(calls) {
    this.#calls = calls;
    this.element.append(this.#notice, this.#content);
  }

  /** Asks. What was there before stays until the answer; isOther: it is of something else, and goes at once. */
  async ask({ isOther = false } = {}) {
    this.stop();
    if (isOther) this.clear();
    const life = new AbortController();
    this.#life = life;
    this.element.setAttribute("aria-busy", "true");
    if (!this.#isThere) this.#content.replaceChildren(element("p", { class: "empty" }, words.loading));
    try {
      const data = await this.#calls.load(life.signal);
      if (life === this.#life) this.show(data);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      if (life === this.#life) this.#fail(refusal);
    }
  }

  /** The answer, from wherever it came. */
  show(data) {
    this.#end();
    this.#isThere = true;
    this.#notice.hidden = true;
    this.#content.replaceChildren(...this.#calls.show(data));
  }

  stop() {
    this.#life?.abort();
    this.#end();
  }

  clear() {
    this.stop();
    this.#isThere = false;
    this.#notice.hidden = true;
    this.#content.replaceChildren();
  }

  #end() {
    this.#life = null;
    this.element.removeAttribute("aria-busy");
  }

  #fail(refusal) {
    this.#end();
    if (!this.#isThere) this.#content.replaceChildren();
    const again = button(words.tryAgain, () => this.ask(), { class: "quiet" });
    this.#notice.replaceChildren(element("p", {}, whyNot(refusal)), again);
    this.#notice.hidden = false;
  }
}
