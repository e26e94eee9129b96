/** What time it is at the server: ages are told by its clock, for the reader's own may be wrong. */

/** An answer's Date is whole seconds old on its way; less than this is no difference. */
const NOTICED_MILLISECONDS = 2_000;

let ahead = 0;

/** An answer says when it was given. */
export function heard(date) {
  const difference = Date.parse(date ?? "") - Date.now();
  if (Number.isFinite(difference)) ahead = Math.abs(difference) < NOTICED_MILLISECONDS ? 0 : difference;
}

/** Milliseconds since the epoch, by the server's clock as far as it is known. */
export const serverNow = () => Date.now() + ahead;

/** Whole seconds since that ISO time, and never less than none. */
export const secondsSince = (iso) => Math.max(0, Math.round((serverNow() - Date.parse(iso)) / 1000));
