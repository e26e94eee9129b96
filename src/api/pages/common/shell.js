/** What stands around the views: words in their places, the two switches, the connection's state, what is read out. */

import { find, say } from "./dom.js";
import { language, speak } from "./language.js";
import { theme, turn } from "./theme.js";
import { words } from "../words/common.js";

/** Fills the places that name a word: data-text for what stands there, data-label for what it is called, data-placeholder. */
export function fill(table, root = document) {
  for (const place of root.querySelectorAll("[data-text]")) place.textContent = table[place.dataset.text] ?? place.textContent;
  for (const place of root.querySelectorAll("[data-label]")) {
    const label = table[place.dataset.label];
    if (label !== undefined) place.setAttribute("aria-label", label);
  }
  for (const place of root.querySelectorAll("[data-placeholder]")) place.placeholder = table[place.dataset.placeholder] ?? "";
}

/** The skip link leads past what is on every view. The address stays: it says which view is shown. */
export function skips(target) {
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    target().focus();
  });
}

export function switches() {
  const other = language === "ko" ? "en" : "ko";
  const speaks = find("language");
  speaks.textContent = words.languages[other];
  speaks.lang = other;
  speaks.addEventListener("click", () => speak(other));
  const colours = find("theme");
  const show = () => {
    colours.textContent = words.themes[theme()];
    colours.setAttribute("aria-label", words.themeIs(words.themes[theme()]));
  };
  colours.addEventListener("click", () => {
    turn();
    show();
  });
  show();
}

/** connecting, live, polling or away. */
export function showConnection(state) {
  const place = find("connection");
  place.dataset.state = state;
  say(place, words.connection[state]);
  // Whatever is shown is from before, and looks it.
  document.body.classList.toggle("is-stale", state === "away");
  const away = find("away");
  if (away) say(away, state !== "away" ? "" : navigator.onLine ? words.awayBanner : words.offlineBanner);
}

export function announce(sentence) {
  find("announcer").textContent = sentence;
}

/** Marks where one is among the links of the head. */
export function mark(name) {
  for (const link of document.querySelectorAll("nav [data-view]")) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
