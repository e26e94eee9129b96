/** The strategies there are, one's own first, as links to each. */

import { element } from "../common/dom.js";
import { keepingFocus } from "../common/focus.js";
import { to } from "../common/routes.js";
import { words } from "../words/strategies.js";

export class StrategyList {
  element = element("nav", { class: "strategy-list", "aria-label": words.listTitle });

  /** listed: as the server lists them. chosen: the id that is shown. */
  show(listed, chosen) {
    const own = listed.filter((one) => !one.builtIn);
    const links = [
      element("a", { class: "button", href: to("strategies", "new") }, words.newStrategy),
      ...group(words.yours, own, chosen, words.noneYet),
      ...group(words.builtIns, listed.filter((one) => one.builtIn), chosen),
    ];
    keepingFocus(() => this.element.replaceChildren(...links), () => this.element.querySelector("[aria-current]"));
  }
}

function group(title, strategies, chosen, whenEmpty) {
  const links = strategies.map((one) =>
    element("li", {}, element("a", { href: to("strategies", one.id), "aria-current": one.id === chosen && "page" }, one.title ?? one.name)),
  );
  const inside = links.length > 0 ? element("ul", {}, ...links) : element("p", { class: "hint" }, whenEmpty);
  return [element("h3", {}, title), inside];
}
