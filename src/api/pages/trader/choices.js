/** What someone ran last, kept in this browser for the next time: a request, which has nothing in it that is secret. */

const of = (userId) => `pgqueue.ticket.${userId}`;

/** The last request; null when there is none that can be read. */
export function kept(userId) {
  try {
    return JSON.parse(localStorage.getItem(of(userId)));
  } catch {
    return null;
  }
}

/** hasDays: whether they were chosen, and not only the newest ones at the time. */
export function keep(userId, body, hasDays) {
  const params = hasDays ? body.params : { ...body.params, startDate: undefined, endDate: undefined };
  try {
    localStorage.setItem(of(userId), JSON.stringify({ ...body, params }));
  } catch {
    // A browser that keeps nothing, or no more: the ticket begins as for the first time.
  }
}
