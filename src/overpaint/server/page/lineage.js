/** Where each candidate came from, as a nested list, with the forks that left and where this run itself was forked. */

import { h, refreshed } from "./dom.js";
import { picture } from "./plate.js";
import { toRun } from "./route.js";
import { ACTIONS, cut, verdictWords } from "./words.js";

/** @param {HTMLElement} host */
export function showLineage(host, run) {
  const { candidates, children, forked_from: origin } = run;
  refreshed(host, [candidates.map((c) => [c.id, c.parent, c.score, c.champion]), children, origin], () => tree(run));
}

function tree(run) {
  const known = new Set(run.candidates.map((candidate) => candidate.id));
  const roots = run.candidates.filter((candidate) => !known.has(candidate.parent));
  const origin = run.forked_from;
  return [
    origin && h("p", { class: "soft" }, "Forked from ",
      h("a", { href: toRun(origin.thread, origin.candidate || "") }, origin.candidate ? `candidate ${origin.candidate} of another run` : "another run"), "."),
    h("ul", { class: "tree", "aria-label": "Lineage of the candidates" }, roots.map((root) => branch(run, root)),
      forks(run, null)),
  ];
}

function branch(run, candidate) {
  const below = run.candidates.filter((other) => other.parent === candidate.id && other.id !== candidate.id);
  const forked = forks(run, candidate.id);
  return h("li", {}, node(run, candidate), (below.length > 0 || forked.length > 0) &&
    h("ul", {}, below.map((child) => branch(run, child)), forked));
}

function node(run, candidate) {
  return h("a", { class: `node ${candidate.champion ? "champion" : ""}`, href: toRun(run.thread, candidate.id) },
    h("span", { class: "mini" }, picture(candidate, { said: "" })),
    h("span", {}, h("b", {}, candidate.id), ` ${ACTIONS[candidate.action] || candidate.action}`,
      h("small", {}, `${verdictWords(candidate)}${candidate.champion ? ", champion" : ""}`)));
}

function forks(run, candidate) {
  return run.children.filter((child) => (child.candidate || null) === candidate).map((child) =>
    h("li", {}, h("a", { class: "node fork", href: toRun(child.thread) },
      h("span", {}, h("b", {}, "fork"), h("small", {}, cut(child.brief, 60))))));
}
