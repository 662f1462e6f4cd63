/** The contact sheet: every candidate, round by round. */

import { marked } from "./diff.js";
import { h, refreshed } from "./dom.js";
import { picture, ticks } from "./plate.js";
import { toRun } from "./route.js";
import { ACTIONS, counted, verdictWords } from "./words.js";

const GIVEN = "given";

/**
 * Show the candidates of a run; cards that did not change are left alone.
 * @param {HTMLElement} host
 * @param {any} run
 */
export function showSheet(host, run) {
  for (const [round, candidates] of rounds(run.candidates)) {
    const part = section(host, round);
    refreshed(part.firstChild, candidates.length, () => [`Round ${round} `, h("small", {}, counted(candidates.length, "candidate"))]);
    for (const candidate of candidates) refreshed(card(part.lastChild, candidate), candidate, () => inside(run, candidate));
  }
}

/** Candidates by round, oldest first. */
export function rounds(candidates) {
  const found = new Map();
  for (const candidate of candidates) found.set(candidate.round, [...(found.get(candidate.round) || []), candidate]);
  return [...found].sort(([one], [other]) => one - other);
}

function section(host, round) {
  const name = `round-${round}`;
  let part = [...host.children].find((child) => child.dataset.round === name);
  if (!part) {
    part = h("section", { "aria-labelledby": name, "data-round": name }, h("h3", { id: name }), h("div", { class: "cards" }));
    host.append(part);
  }
  return part;
}

function card(host, candidate) {
  let element = [...host.children].find((child) => child.dataset.candidate === candidate.id);
  if (!element) host.append((element = h("article", { "data-candidate": candidate.id })));
  element.className = `card ${candidate.champion ? "champion" : ""}`;
  element.setAttribute("aria-label", `Candidate ${candidate.id}`);
  return element;
}

function inside(run, candidate) {
  const link = toRun(run.thread, candidate.id);
  return [
    h("a", { class: "frame", href: link, "aria-label": `Look at candidate ${candidate.id}` }, picture(candidate)),
    h("div", { class: "body" },
      h("div", { class: "line" },
        h("a", { class: "id", href: link }, candidate.id),
        h("span", { class: "soft" }, candidate.action === GIVEN ? ACTIONS.given : candidate.action_text || ACTIONS[candidate.action],
          candidate.parent && ` from ${candidate.parent}`),
        h("b", { class: "score" }, verdictWords(candidate))),
      candidate.champion && h("span", { class: "crown" }, "champion"),
      candidate.marks.length > 0 && ticks(candidate.marks),
      candidate.feedback && h("blockquote", {}, candidate.feedback),
      marked(candidate.words)),
  ];
}
