/** Prompts with the words that came and went. */

import { h } from "./dom.js";

/** Longer prompts are shown unmarked: the work grows with the product of their lengths. */
const LONGEST = 1500;

/**
 * A prompt whose words are marked already.
 * @param {{text: string, change: "same"|"new"|"gone"}[]} words
 */
export function marked(words) {
  return h("p", { class: "prompt" }, words.map(({ text, change }) => {
    if (change === "new") return [h("ins", {}, hidden("new: "), text), " "];
    if (change === "gone") return [h("del", {}, hidden("gone: "), text), " "];
    return `${text} `;
  }));
}

const hidden = (text) => h("span", { class: "hidden" }, text);

/**
 * What changes between two prompts, word by word: the longest common run of words stays.
 * @returns {{text: string, change: "same"|"new"|"gone"}[]}
 */
export function difference(before, after) {
  const old = before.split(/\s+/).filter(Boolean);
  const now = after.split(/\s+/).filter(Boolean);
  if (old.length > LONGEST || now.length > LONGEST) return [{ text: after, change: "same" }];
  const common = lengths(old.map(bare), now.map(bare));
  const words = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && bare(old[i]) === bare(now[j])) add(words, now[j], "same", i++, j++);
    else if (j >= now.length || (i < old.length && common[i + 1][j] >= common[i][j + 1])) add(words, old[i++], "gone");
    else add(words, now[j++], "new");
  }
  return words;
}

function add(words, text, change) {
  const last = words.at(-1);
  if (last?.change === change) last.text += ` ${text}`;
  else words.push({ text, change });
}

const bare = (word) => word.replace(/[.,;:!?]+$/, "").toLowerCase() || word;

/** How many words are common to the rests of both texts, from each place in them. */
function lengths(old, now) {
  const table = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--)
      table[i][j] = old[i] === now[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
  return table;
}
