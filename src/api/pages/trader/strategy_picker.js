/** Which rules to run: the built-in strategies and one's own, and where to read or change them. */

import { element, find, say } from "../common/dom.js";
import { to } from "../common/routes.js";
import { words } from "../words/desk.js";

export class StrategyPicker {
  #strategies = [];
  #onShow;

  /** onShow(declared, labels): the parameters of the strategy that is chosen now. */
  constructor(onShow) {
    this.#onShow = onShow;
    find("strategy").addEventListener("change", () => this.#show());
    find("strategy-new").href = to("strategies", "new");
  }

  /** Keeps what is chosen, with its parameters as they are, where it is still there and unchanged. */
  offer(strategies) {
    const before = this.#chosen;
    this.#strategies = strategies;
    const options = (builtIn) =>
      strategies.filter((one) => one.builtIn === builtIn).map((one) => new Option(one.title ?? one.name, one.id));
    const groups = [[words.yours, options(false)], [words.builtIn, options(true)]].filter(([, list]) => list.length > 0);
    find("strategy").replaceChildren(...groups.map(([label, list]) => element("optgroup", { label }, ...list)));
    // The strategy with something to choose is the better one to begin with.
    const first = strategies.find((one) => one.builtIn && Object.keys(one.params).length > 0) ?? strategies[0];
    find("strategy").value = (this.#find(before?.id) ?? first)?.id ?? "";
    if (JSON.stringify(this.#chosen) !== JSON.stringify(before)) this.#show();
  }

  /** By id or short name. Whether there is such a strategy. */
  choose(idOrName) {
    const one = this.#find(idOrName);
    if (!one) return false;
    const isOther = find("strategy").value !== one.id;
    find("strategy").value = one.id;
    if (isOther) this.#show();
    return true;
  }

  clear() {
    this.#strategies = [];
    find("strategy").replaceChildren();
    say(find("strategy-hint"), "");
  }

  get id() {
    return find("strategy").value;
  }

  get title() {
    return this.#chosen?.title ?? this.#chosen?.name;
  }

  get #chosen() {
    return this.#find(this.id);
  }

  #find(idOrName) {
    return this.#strategies.find(({ id, name, builtIn }) => id === idOrName || (builtIn && name === idOrName));
  }

  #show() {
    const chosen = this.#chosen;
    say(find("strategy-hint"), chosen?.description);
    const link = find("strategy-edit");
    link.hidden = !chosen;
    if (chosen) {
      link.href = to("strategies", chosen.id);
      link.textContent = chosen.builtIn ? words.viewRules : words.editRules;
    }
    this.#onShow(chosen?.params ?? {}, chosen?.labels);
  }
}
