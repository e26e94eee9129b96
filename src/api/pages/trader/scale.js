/** From values to places on a drawing, and the round values worth a label. */

const DAY = 86_400_000;

export function scale([low, high], [from, to]) {
  const width = high - low || 1;
  return (value) => from + ((value - low) / width) * (to - from);
}

/** About so many round values within the range. */
export function ticks(low, high, about) {
  const rough = (high - low) / about;
  if (!(rough > 0)) return [low];
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * magnitude).find((n) => n >= rough);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, index) => (first + index) * step);
}

/** Starts of years or months, or days, at most so many: [epoch ms, label]. */
export function timeTicks(first, last, most) {
  const days = (last - first) / DAY;
  if (days < most * 20) {
    const step = Math.max(1, Math.ceil(days / most)) * DAY;
    const start = Math.ceil(first / DAY) * DAY;
    return list(start, last, (time) => time + step, (time) => new Date(time).toISOString().slice(5, 10));
  }
  const months = [1, 3, 6, 12, 24, 36, 60, 120].find((n) => days / (n * 30.44) <= most) ?? 240;
  const begin = new Date(first);
  const start = Date.UTC(begin.getUTCFullYear(), 0, 1);
  const following = (time) => {
    const at = new Date(time);
    return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months, 1);
  };
  const label = (time) => new Date(time).toISOString().slice(0, months < 12 ? 7 : 4);
  return list(start, last, following, label).filter(([time]) => time >= first - 15 * DAY);
}

function list(start, last, following, label) {
  const found = [];
  for (let time = start; time <= last; time = following(time)) found.push([time, label(time)]);
  return found;
}

/** Index of the value in ascending order that is nearest to the wanted one. */
export function nearest(values, wanted) {
  let [low, high] = [0, values.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (values[middle] < wanted) low = middle;
    else high = middle;
  }
  return wanted - values[low] <= values[high] - wanted ? low : high;
}
