/** One candidate from near: its picture to zoom into, the places of its verdict, its prompt and how it came about. */

import { address } from "./api.js";
import { marked } from "./diff.js";
import { button, h, openDialog } from "./dom.js";
import { openFork } from "./fork.js";
import { plate, verdict } from "./plate.js";
import { go, toRun } from "./route.js";
import { ACTIONS, verdictWords } from "./words.js";

const STEPS = [1, 1.5, 2, 3, 4, 6, 8];

/**
 * @param {any} run
 * @param {string} id of the candidate
 * @param {() => void} closed called when the reader goes back to the run
 * @returns {HTMLDialogElement}
 */
export function openLooker(run, id, closed) {
  const place = run.candidates.findIndex((candidate) => candidate.id === id);
  const candidate = run.candidates[place];
  const shown = plate(candidate);
  const view = h("div", { class: "viewer", tabindex: "0", role: "group", "aria-label": "Picture; plus and minus zoom" }, shown.element);
  const zoom = zooming(view, shown.element);
  const turn = (by) => {
    const next = run.candidates[place + by];
    if (next) go(toRun(run.thread, next.id));
  };
  const dialog = openDialog(`Candidate ${candidate.id}`, h("div", { class: "look" },
    h("div", {}, view, tools(run, place, zoom, turn)),
    about(run, candidate, shown.spots)), { wide: true, closed });
  dialog.addEventListener("keydown", (event) => pressed(event, zoom, turn));
  view.focus({ preventScroll: true });
  return dialog;
}

function pressed(event, zoom, turn) {
  if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const deeds = {
    "+": () => zoom(1), "=": () => zoom(1), "-": () => zoom(-1), 0: () => zoom(0),
    ArrowRight: () => turn(1), ArrowLeft: () => turn(-1),
  };
  if (event.key.startsWith("Arrow") && event.target.matches(".zoomed")) return; // there they move the picture
  if (!deeds[event.key]) return;
  event.preventDefault();
  deeds[event.key]();
}

function zooming(view, frame) {
  let step = 0;
  const zoom = (by) => {
    step = by === 0 ? 0 : Math.min(Math.max(step + by, 0), STEPS.length - 1);
    frame.style.width = `${100 * STEPS[step]}%`;
    view.classList.toggle("zoomed", step > 0);
  };
  frame.addEventListener("dblclick", () => zoom(step ? 0 : 2));
  return zoom;
}

function tools(run, place, zoom, turn) {
  const candidate = run.candidates[place];
  const small = (label, name, does, off = false) => button(label, does, "quiet", { "aria-label": name, title: name, disabled: off });
  return h("div", { class: "row tools" },
    small("←", "Candidate before (left arrow)", () => turn(-1), place === 0),
    small("→", "Next candidate (right arrow)", () => turn(1), place === run.candidates.length - 1),
    small("−", "Zoom out (minus)", () => zoom(-1)),
    small("+", "Zoom in (plus)", () => zoom(1)),
    candidate.image && h("a", { class: "button quiet", href: address(candidate.image.url), target: "_blank", rel: "noopener" }, "Full size"));
}

function about(run, candidate, spots) {
  const others = run.candidates.filter((other) => other.id !== candidate.id && other.image);
  return h("div", { class: "about" },
    h("p", { class: "line" }, candidate.champion && h("span", { class: "crown" }, "champion"),
      h("span", { class: "soft" }, candidate.action_text || ACTIONS[candidate.action]), h("b", { class: "score" }, verdictWords(candidate))),
    candidate.feedback && h("blockquote", {}, candidate.feedback),
    h("h3", {}, "Prompt"), marked(candidate.words),
    candidate.suggested && h("p", { class: "soft" }, `The critic had suggested: ${candidate.suggested}`),
    h("h3", {}, "Verdict"), verdict(candidate, spots, true),
    h("div", { class: "row" },
      button("Fork from here", () => openFork(run, candidate), "primary"),
      candidate.image && others.length > 0 && against(run, candidate, others)),
    facts(run, candidate));
}

function against(run, candidate, others) {
  const usual = others.find((other) => other.id === candidate.parent) || others.find((other) => other.champion) || others.at(-1);
  const choice = h("select", { "aria-label": "Compare with candidate" },
    others.map((other) => h("option", { value: other.id, selected: other === usual }, `${other.id} · ${verdictWords(other)}`)));
  return h("span", { class: "row" },
    button("Compare with", () => go(toRun(run.thread, choice.value, candidate.id))), choice);
}

function facts(run, candidate) {
  const said = [
    ["parent", candidate.parent && h("a", { href: toRun(run.thread, candidate.parent) }, candidate.parent)],
    ["seed", candidate.seed], ["round", candidate.round], ["quality", candidate.quality],
    ["flaws", Array.isArray(candidate.flaws) ? candidate.flaws.join("; ") : candidate.flaws],
    ["picture", candidate.image && `${candidate.image.width} × ${candidate.image.height}, ${candidate.image.mime}`],
    ["sha256", candidate.image && h("code", {}, candidate.image.sha256)],
  ].filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false);
  return h("details", {}, h("summary", {}, "Details"),
    h("dl", { class: "facts" }, said.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}
