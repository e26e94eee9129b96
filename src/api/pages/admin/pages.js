/** Where the next page of a list is. */

/** The cursor in the address that a list gave for what follows; null after the last. */
export const cursorOf = (next) => (next ? new URL(next, location.href).searchParams.get("cursor") : null);

/** "?plan=pro&cursor=…" of what there is; "" for nothing. */
export function queryOf(members) {
  const query = new URLSearchParams(Object.entries(members).filter(([, value]) => value !== null && value !== undefined && value !== ""));
  return query.size ? `?${query}` : "";
}
