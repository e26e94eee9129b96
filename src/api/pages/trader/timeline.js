/** Moments in order, and values that hold from one to the next. */

/** Index of the last moment that is not after the wanted one; −1 before the first. */
export function lastNotAfter(times, wanted) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** All moments of several lists, ascending, each once. */
export const union = (...lists) => [...new Set(lists.flat())].sort((a, b) => a - b);

/** Values over time, of [time, value] pairs: at(time) is the latest one known then, undefined before the first. */
export class Course {
  constructor(pairs) {
    this.pairs = pairs;
    this.times = pairs.map(([time]) => time);
  }

  at(time) {
    return this.pairs[lastNotAfter(this.times, time)]?.[1];
  }
}
