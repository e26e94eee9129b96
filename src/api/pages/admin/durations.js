/** Spans of time that may be shorter than a second, and sizes of memory. */

import { span } from "../common/format.js";
import { words as common } from "../words/common.js";
import { words } from "../words/overview.js";

const MEBIBYTE = 2 ** 20;
const NONE = "–";

/** "12 ms", "1.2 s", "34 s", "5 min"; a dash for what nobody measured. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return NONE;
  if (seconds < 0.9995) return words.milliseconds(Math.round(seconds * 1000));
  return seconds < 9.95 ? common.seconds(seconds.toFixed(1)) : span(seconds);
}

/** "304 MiB", "1.3 GiB"; a dash where a worker does not say. */
export function memory(bytes) {
  if (!Number.isFinite(bytes)) return NONE;
  const mebibytes = bytes / MEBIBYTE;
  return mebibytes < 1000 ? `${Math.round(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}
