/** A menu that hangs on a button: arrows move, Escape and a click elsewhere close it. */

import { button, element } from "../common/dom.js";

const GAP = 4;

/** items: [{text, act, isDanger}]. The focus goes back to the button, unless an item takes it elsewhere. */
export function openMenu(anchor, label, items) {
  const menu = element("div", { role: "menu", popover: "auto", class: "menu", "aria-label": label });
  for (const { text, act, isDanger } of items) {
    const chosen = () => {
      menu.hidePopover();
      act();
    };
    menu.append(button(text, chosen, { role: "menuitem", tabindex: "-1", class: isDanger ? "danger" : null }));
  }
  menu.addEventListener("keydown", (event) => move(event, menu));
  menu.addEventListener("toggle", (event) => {
    const isOpen = event.newState === "open";
    anchor.setAttribute("aria-expanded", isOpen);
    if (!isOpen) menu.remove();
  });
  document.body.append(menu);
  menu.showPopover();
  place(menu, anchor);
  menu.firstElementChild.focus();
}

function place(menu, anchor) {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth, offsetHeight } = menu;
  const below = at.bottom + GAP + offsetHeight < innerHeight;
  menu.style.left = `${Math.max(GAP, Math.min(at.right - offsetWidth, innerWidth - offsetWidth - GAP))}px`;
  menu.style.top = `${below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - offsetHeight)}px`;
}

function move(event, menu) {
  const items = [...menu.children];
  const at = items.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
  if (event.key === "Tab") menu.hidePopover();
  if (next === undefined) return;
  event.preventDefault();
  items[next % items.length].focus();
}
