/** A view whose modules are fetched when it is first asked for: most visits need the first view and no other. */

import { button, element } from "./dom.js";
import { words } from "../words/common.js";

export class LazyView {
  element = element("section", {});
  #load;
  #loaded;
  #view = null;
  #who = null;
  /** What the address asks for now; null while another view is shown. */
  #asked = null;

  /** load: resolves to the view. loaded(): it is there, and what it is called may be known. */
  constructor(load, loaded) {
    this.#load = load;
    this.#loaded = loaded;
  }

  title = () => this.#view?.title() ?? words.product;

  async enter(args, query) {
    this.#asked = [args, query];
    if (this.#view) {
      this.#view.enter(args, query);
      return;
    }
    this.element.replaceChildren(element("p", { class: "empty", role: "status" }, words.loading));
    let view;
    try {
      view = await this.#load();
    } catch {
      this.element.replaceChildren(element("p", { class: "notice", role: "alert" }, words.away, " ", again()));
      return;
    }
    if (this.#view) return;
    this.#view = view;
    this.element.replaceChildren(view.element);
    if (this.#who) view.open?.(this.#who);
    if (this.#asked === null) return;
    view.enter(...this.#asked);
    this.#loaded();
  }

  leave() {
    this.#asked = null;
    this.#view?.leave();
  }

  open(who) {
    this.#who = who;
    this.#view?.open?.(who);
  }

  clear() {
    this.#who = null;
    this.#view?.clear?.();
  }

  hear = (job, before) => this.#view?.hear?.(job, before);
  forget = (jobId) => this.#view?.forget?.(jobId);
  settle = () => this.#view?.settle?.();
}

/** Browsers remember that a module could not be fetched, for as long as the page lives. */
const again = () => button(words.tryAgain, () => location.reload(), { class: "quiet" });
