/** What the operators' views are put together of: panels with a title, and tables whose columns are named. */

import { element } from "../common/dom.js";

export const panel = (title, ...inside) => element("section", { class: "card sheet" }, element("h3", {}, title), ...inside);

/** columns: their names; null has none. body: a tbody, or the rows. isNumber(index): numbers stand to the right. */
export function table({ columns, body, isNumber = () => false, ...attributes }) {
  const heads = columns.map((name, index) => {
    if (name === null) return element("td");
    return element("th", { scope: "col", class: isNumber(index) ? "number" : null }, name);
  });
  const rows = Array.isArray(body) ? element("tbody", {}, ...body) : body;
  return element("table", attributes, element("thead", {}, element("tr", {}, ...heads)), rows);
}

/** Where it is wider than its place, it is scrolled by keys, too. */
export const scrolled = (label, wide) =>
  element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, wide);
