/** A rule's text in pieces one can see: numbers, words of the language, functions, and where it is wrong. */

import { element } from "../common/dom.js";

const PIECES = /\d+(?:\.\d+)?|[A-Za-z_]\w*|\s+|./g;
const WORDS = new Set(["and", "or", "not", "true", "false"]);

/** Nodes for the text. wrong: [from, to) of what is refused, or null. names: what the strategy calls its own. */
export function painted(text, wrong, names) {
  if (!wrong) return pieces(text, names);
  const [from, to] = wrong;
  // At the end of the text something is missing: a space stands for it.
  const mark = element("mark", {}, ...(from < text.length ? pieces(text.slice(from, to), names) : ["\u00a0"]));
  return [...pieces(text.slice(0, from), names), mark, ...pieces(text.slice(to), names)];
}

function pieces(text, names) {
  return [...text.matchAll(PIECES)].map(([piece], index, all) => {
    const kind = kindOf(piece, text, all[index].index, names);
    return kind ? element("span", { class: `rule-${kind}` }, piece) : piece;
  });
}

function kindOf(piece, text, at, names) {
  if (/^\d/.test(piece)) return "number";
  if (!/^[A-Za-z_]/.test(piece)) return null;
  if (WORDS.has(piece)) return "word";
  if (/^\s*\(/.test(text.slice(at + piece.length))) return "function";
  return names.has(piece) ? "own" : null;
}

/** [from, to) of the wrong text: the server counts characters from 1, and says the end where it knows it. */
export function wrongPlace(text, { column, endColumn }) {
  if (!column) return null;
  const from = Math.min(column - 1, text.length);
  if (endColumn > column) return [from, endColumn - 1];
  const word = /^\w+/.exec(text.slice(from));
  return [from, from + (word ? word[0].length : 1)];
}
