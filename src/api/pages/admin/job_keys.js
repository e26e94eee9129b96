/** Keys of the jobs' views: single letters, never while one types and never over a dialog. */

import { words } from "../words/admin_jobs.js";

/** What there is, for a list of keys: [keys, what they do]. */
export const keys = [
  [["j", "k"], words.keys.move],
  [["Enter"], words.keys.open],
  [["x"], words.keys.select],
  [["e"], words.keys.requeue],
  [["c"], words.keys.cancel],
  [["p"], words.keys.priority],
  [["#"], words.keys.remove],
  [["u"], words.keys.back],
];

const TYPING = "input:not([type=checkbox]), textarea, select, [contenteditable], [role=menu]";
const KEPT = "pgqueue.keys";

/** Whoever speaks to a computer switches single letters off, in the page's list of keys. */
export const areOn = () => localStorage.getItem(KEPT) !== "off";
export const switchKeys = (isOn) => localStorage.setItem(KEPT, isOn ? "on" : "off");

export class Keys {
  #acts = {};
  #listen = (event) => this.#press(event);

  /** acts: by key, what to do. */
  start(acts) {
    this.#acts = acts;
    document.addEventListener("keydown", this.#listen);
  }

  stop() {
    document.removeEventListener("keydown", this.#listen);
  }

  #press(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!areOn() || event.target.closest?.(TYPING) || document.querySelector("dialog[open]")) return;
    if (!Object.hasOwn(this.#acts, event.key)) return;
    event.preventDefault();
    this.#acts[event.key]();
  }
}
