/** What was typed and not saved: kept in this tab until it is saved or thrown away, for whoever typed it. */

const PREFIX = "pgqueue.draft.";
let owner = "";

export const drafts = {
  /** Another's are gone; one's own are there again, after an expired session too. */
  open(userId) {
    owner = `${PREFIX}${userId}.`;
    const others = (key) => key.startsWith(PREFIX) && !key.startsWith(owner);
    for (const key of Object.keys(sessionStorage).filter(others)) sessionStorage.removeItem(key);
  },
  read(id) {
    try {
      return JSON.parse(sessionStorage.getItem(owner + id));
    } catch {
      return null;
    }
  },
  keep(id, definition) {
    try {
      sessionStorage.setItem(owner + id, JSON.stringify(definition));
    } catch {
      // No room left: what is typed is in the page alone, and checked and saved all the same.
    }
  },
  drop: (id) => sessionStorage.removeItem(owner + id),
};
