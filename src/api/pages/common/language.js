/** Which language the page speaks: the one chosen, else the browser's. */

const KEY = "pgqueue.language";

/** As theme.js found it before anything was drawn. */
export const language = document.documentElement.lang === "ko" ? "ko" : "en";

/** Words are asked for when modules are read, so another language is another reading of the page. */
export function speak(other) {
  localStorage.setItem(KEY, other);
  location.reload();
}

/** The table of words in the page's language: chosen({ en, ko }). */
export const chosen = (tables) => tables[language];
