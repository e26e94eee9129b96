/** Where the next page of a list is. */

/** The cursor in the address that a list gave for what follows; null after the last. */
export const cursorOf = (next) => (next ? new URL(next, location.href).searchParams.get("cursor") : null);

/** "?plan=pro&cursor=…" of what there is; "" for nothing. */
export function queryOf(members) {
  const given = Object.entries(members).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(given);
  return query.size ? `?${query}` : "";
}
