/** Where the keys are: when its place goes away, the focus is taken somewhere near, never left to the page as a whole. */

/** had: what had the focus. Whether that is not there any more, or not to be seen. */
export const isLost = (had) => had !== document.body && had !== null && !(had.isConnected && had.checkVisibility());

/** Does what may take away the thing that has the focus; then it goes to what fallback answers with. */
export function keepingFocus(act, fallback) {
  const had = document.activeElement;
  act();
  if (isLost(had)) fallback()?.focus();
}

/**
 * Once at a time: while act goes on, pressing the buttons again does nothing, and they look it. Not disabled: a button
 * that is, loses the focus.
 */
export async function busyWhile(buttons, act) {
  if (buttons.some((one) => one.ariaDisabled === "true")) return;
  for (const one of buttons) one.ariaDisabled = "true";
  try {
    await act();
  } finally {
    for (const one of buttons) one.ariaDisabled = "false";
  }
}

/** Tab from the last goes on at the first: of a dialog, where browsers would leave the page for their own buttons. */
export function goRound(event, place) {
  if (event.key !== "Tab") return;
  const stops = [...place.querySelectorAll("a[href], button, input, select, textarea")].filter((one) => !one.disabled && one.checkVisibility());
  const [from, to] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
  if (document.activeElement !== from) return;
  event.preventDefault();
  to.focus();
}
