/** Light or dark: by the system's setting until someone chooses. */

const KEY = "pgqueue.theme";
const ORDER = ["system", "light", "dark"];
const told = new Set();

/** system, light or dark. */
export const theme = () => document.documentElement.dataset.theme;

export const isDark = () =>
  theme() === "dark" || (theme() === "system" && matchMedia("(prefers-color-scheme: dark)").matches);

/** The next of the three, kept for the next visit. */
export function turn() {
  const next = ORDER[(ORDER.indexOf(theme()) + 1) % ORDER.length];
  if (next === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  paint(next);
}

function paint(name) {
  document.documentElement.dataset.theme = name;
  for (const listener of told) listener();
}

/** Paper is light, also what is drawn and not styled; who listens for printing later, finds it so. */
let shown = null;
window.addEventListener("beforeprint", () => {
  shown ??= theme();
  paint("light");
});
window.addEventListener("afterprint", () => {
  paint(shown);
  shown = null;
});

/** Tells when colours changed, for what is drawn and not styled. Returns a function that ends it. */
export function onColours(listener) {
  const media = matchMedia("(prefers-color-scheme: dark)");
  told.add(listener);
  media.addEventListener("change", listener);
  return () => {
    told.delete(listener);
    media.removeEventListener("change", listener);
  };
}

/** What a token of the style sheet comes to now: colour("--accent") is "rgb(29, 79, 215)". */
export function colour(token) {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
