/** A question before something that cannot be taken back. */

import { button, element } from "./dom.js";
import { goRound } from "./focus.js";
import { words } from "../words/common.js";

/** Whoever left, or went elsewhere by the browser's own buttons, answered nothing: what is open closes as by Escape. */
export function dismiss() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  for (const menu of document.querySelectorAll("[popover]:popover-open")) menu.hidePopover();
}

/** Whether the person said yes: confirmed({ title, text, action, isDanger }). Escape and the other button, no, are not. */
export function confirmed({ title, text, action, isDanger = false, inside = [], no = words.cancel }) {
  return new Promise((answer) => {
    const dialog = element("dialog", { "aria-labelledby": "dialog-title" });
    const yes = element("button", { type: "submit", value: "yes", class: isDanger ? "danger" : "primary" }, action);
    const form = element(
      "form",
      { method: "dialog" },
      element("h2", { id: "dialog-title" }, title),
      text ? element("p", {}, text) : null,
      ...inside,
      element("div", { class: "dialog-actions" }, button(no, () => dialog.close("")), yes),
    );
    dialog.append(form);
    dialog.addEventListener("keydown", (event) => goRound(event, dialog));
    dialog.addEventListener("close", () => {
      dialog.remove();
      answer(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
