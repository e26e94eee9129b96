/**
 * What the server says in English, worded by ids, names and codes in the language of the page. English is the server's
 * own; so is whatever is not known here, as an older page shows of a newer server's.
 */

import { language } from "./language.js";

const isForeign = language === "ko";
/** Without its words a page speaks English, which is better than no page. */
const none = () => ({});

const [{ strategies = {} }, { warnings = {} }, { reasons = {}, meant }] = isForeign
  ? await Promise.all([
      import("../words/korean/strategies.js").catch(none),
      import("../words/korean/warnings.js").catch(none),
      import("../words/korean/reasons.js").catch(none),
    ])
  : [{}, {}, {}];

/** The strategy as the server tells of it, with title and description, and labels of its parameters where there are any. */
export const worded = (strategy) => ({ ...strategy, ...strategies[strategy.id] });

export const strategyOf = ({ strategyId, strategyName }) => strategies[strategyId]?.title ?? strategyName;

export const labelsOf = (strategyId) => strategies[strategyId]?.labels ?? {};

/** The id of the strategy with that title, which the server does not know it by; null for any other text. */
export const strategyTitled = (text) =>
  Object.keys(strategies).find((id) => strategies[id].title === text && /[^ -~]/.test(text)) ?? null;

/** Results of older releases have no figures: their warnings stay as they were. */
export const warningOf = ({ code, message, figures }) => (figures && warnings[code]?.(figures)) ?? message;

/** What is wrong with one member: {path, message, code, figures, near}, the message in the page's language. */
export function reasoned(detail) {
  const said = reasons[detail.code]?.(detail.figures ?? {});
  return said ? { ...detail, message: detail.near ? said + meant(detail.near) : said } : detail;
}

/** Help with what rules may say, by name. */
export const rules = async () => (isForeign ? (await import("../words/korean/rules.js").catch(none)).rules ?? {} : {});
