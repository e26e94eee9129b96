/** The last sixty minutes, also those in which nothing ended. */

import { serverNow } from "../common/clock.js";

const MINUTE_MILLISECONDS = 60_000;
const SHOWN = 60;

/** [{at, completed, failed, cancelled}], oldest first; at in epoch milliseconds. minutes: as the server gives them. */
export function lastMinutes(minutes) {
  const known = new Map(minutes.map((each) => [Date.parse(each.minute), each]));
  // The server's clock tells which minute it is; what it says of one that we think is to come counts all the same.
  const last = Math.max(Math.floor(serverNow() / MINUTE_MILLISECONDS) * MINUTE_MILLISECONDS, ...known.keys());
  return Array.from({ length: SHOWN }, (_, index) => {
    const at = last - (SHOWN - 1 - index) * MINUTE_MILLISECONDS;
    const { completed = 0, failed = 0, cancelled = 0 } = known.get(at) ?? {};
    return { at, completed, failed, cancelled };
  });
}
