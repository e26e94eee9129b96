/** Which view the address asks for. Addresses are fragments, #/runs/1f2e…?best=3: no server need know them, no log has them. */

import { dismiss } from "./confirm.js";
import { isLost } from "./focus.js";

/** {name, args, query} of an address; name is "" for the first view. */
export function parse(hash) {
  const [path, search = ""] = hash.replace(/^#\/?/, "").split("?");
  const [name, ...args] = path.split("/").map(decoded);
  return { name, args, query: new URLSearchParams(search) };
}

/** The fragment for a view: to("runs", id) or to("history", {status: "failed"}). Members without a value are left out. */
export function to(name, ...parts) {
  const query = new URLSearchParams();
  const path = [name];
  for (const part of parts) {
    if (typeof part !== "object") path.push(String(part));
    else for (const [key, value] of Object.entries(part)) if (value !== null && value !== undefined && value !== "") query.append(key, value);
  }
  const search = query.toString();
  return `#/${path.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}

/** Puts the address in the bar without a new entry in the history, and without showing the view anew. */
export function replace(hash) {
  history.replaceState(null, "", hash);
}

/**
 * Shows one view of several at a time.
 *
 * A view has an element, enter(args, query), leave(), and title(), what the tab is called. One that is asked for with
 * another address is entered again without being left. Views that are not shown are in the page, hidden.
 */
export class Routes {
  #views;
  #current = null;
  #isOpen = false;
  /** The focus is to go to the view's heading, as soon as there is one. */
  #takesAlong = false;
  #changed;

  /** views: by the first part of the address. changed(name): after each. */
  constructor(place, views, changed = () => {}) {
    this.#views = views;
    this.#changed = changed;
    for (const { element } of Object.values(views)) {
      element.hidden = true;
      if (!element.isConnected) place.append(element);
    }
    // Other fragments are places within the page, such as where a skip link leads.
    window.addEventListener("hashchange", () => {
      if (this.#isOpen && /^(#\/.*)?$/.test(location.hash)) this.#follow({ byHand: true });
    });
  }

  open() {
    this.#isOpen = true;
    this.#follow({ byHand: false });
  }

  close() {
    this.#isOpen = false;
    this.#hide();
  }

  /** The tab's title again, after what it names became known. */
  retitle() {
    if (this.#current === null) return;
    document.title = this.#current.title();
    this.#takeAlong();
  }

  #follow({ byHand }) {
    const asked = parse(location.hash);
    const name = Object.hasOwn(this.#views, asked.name) ? asked.name : "";
    const view = this.#views[name];
    const isOther = view !== this.#current;
    if (byHand) dismiss();
    const had = document.activeElement;
    if (isOther) {
      this.#hide();
      this.#current = view;
      view.element.hidden = false;
      window.scrollTo(0, 0);
    }
    view.enter(asked.args, asked.query);
    // Whoever reads with the ears is taken along to the new view, and whoever had the focus on what is gone.
    this.#takesAlong = hasStayed(had) && ((isOther && byHand) || isLost(had));
    this.retitle();
    this.#changed(name);
  }

  #takeAlong() {
    const heading = this.#takesAlong && this.#current.element.querySelector("h2[tabindex]");
    if (!heading) return;
    this.#takesAlong = false;
    heading.focus({ preventScroll: true });
  }

  #hide() {
    this.#current?.leave();
    if (this.#current) this.#current.element.hidden = true;
    this.#current = null;
  }
}

/** The view that was entered has not put the focus where it knows it belongs. */
const hasStayed = (had) => document.activeElement === had || document.activeElement === document.body;

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
