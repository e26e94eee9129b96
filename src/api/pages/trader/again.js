/** A run once more, wherever on the page it is asked for. */

import { requeue } from "./calls.js";
import { Once } from "./once.js";

const once = new Once();

/** The queued job. Throws Refusal. */
export const again = (jobId) => once.ask(jobId, (key) => requeue(jobId, key));
