/** Two candidates of a run beside each other: a slider between their pictures, their prompts, their verdicts. */

import { difference, marked } from "./diff.js";
import { h, openDialog } from "./dom.js";
import { picture, tick } from "./plate.js";
import { verdictWords } from "./words.js";

/**
 * @param {any} one a candidate
 * @param {any} other the candidate laid over it
 * @param {() => void} closed
 */
export function openVersus(one, other, closed) {
  const content = h("div", { class: "look" },
    h("div", {}, slider(one, other)),
    h("div", { class: "about" },
      h("h3", {}, `Prompt of ${other.id}, as it differs from ${one.id}`), marked(difference(one.prompt, other.prompt)),
      h("h3", {}, "Verdicts"), answers(one, other)));
  const dialog = openDialog(`Candidates ${one.id} and ${other.id}`, content, { wide: true, closed });
  dialog.querySelector("input").focus({ preventScroll: true });
  return dialog;
}

/** A picture over another, uncovered by a slider. */
export function slider(one, other) {
  const over = h("div", { class: "over" }, picture(other, { whole: true, lazy: false }));
  const line = h("i", { class: "divide", "aria-hidden": "true" });
  const range = h("input", {
    type: "range", min: 0, max: 100, value: 50,
    "aria-label": `How much of candidate ${one.id} is shown over candidate ${other.id}, in percent`,
  });
  const move = () => {
    over.style.clipPath = `inset(0 0 0 ${range.value}%)`;
    line.style.left = `${range.value}%`;
  };
  range.addEventListener("input", move);
  move();
  return h("div", { class: "slider" },
    h("div", { class: "frame" }, picture(one, { whole: true, lazy: false }), over, line),
    range,
    h("p", { class: "sides" }, h("span", {}, `${one.id} · ${verdictWords(one)}`), h("span", {}, `${other.id} · ${verdictWords(other)}`)));
}

function answers(one, other) {
  const texts = [...new Set([...one.marks, ...other.marks].map((mark) => mark.text))];
  if (!texts.length) return h("p", { class: "soft" }, "Neither was judged.");
  return h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Requirement"), h("th", { scope: "col" }, one.id), h("th", { scope: "col" }, other.id))),
    h("tbody", {}, texts.map((text) => h("tr", {}, h("th", { scope: "row" }, text), cell(one, text), cell(other, text)))));
}

function cell(candidate, text) {
  const mark = candidate.marks.find((found) => found.text === text);
  return h("td", {}, mark ? tick(mark.answer) : "–");
}
