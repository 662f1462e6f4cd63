/** A candidate's picture with the places its verdict speaks of, and the verdict itself, requirement by requirement. */

import { address } from "./api.js";
import { h } from "./dom.js";
import { alt, OUTCOMES } from "./words.js";

/** Pictures up to this many pixels a side keep square pixels. */
const CRISP = 160;

/** Longer verdicts stand in columns. */
const MANY = 5;

const SYMBOLS = { yes: "✓", no: "✗", unsure: "?" };
const SPOKEN = { yes: "holds", no: "does not hold", unsure: "unsure" };

/** The picture of a candidate as an element; `whole` takes the picture itself instead of its thumb. */
export function picture(candidate, { whole = false, lazy = true, said = alt(candidate) } = {}) {
  const { image } = candidate;
  if (!image) return h("div", { class: "frame none" }, OUTCOMES[candidate.outcome] || "no picture");
  const small = Math.max(image.width, image.height) <= CRISP;
  return h("img", {
    src: address(whole || small ? image.url : image.thumb), alt: said, class: small ? "crisp" : "",
    width: image.width, height: image.height, loading: lazy ? "lazy" : null, decoding: "async", draggable: "false",
  });
}

/**
 * A picture in a frame, on which the places of its marks are drawn.
 * @returns {{element: HTMLElement, spots: HTMLElement[]}} `spots` by mark; null for a mark without a place
 */
export function plate(candidate) {
  const spots = candidate.marks.map((mark) => mark.box && spot(mark));
  const frame = h("div", { class: "frame" }, picture(candidate, { whole: true, lazy: false }), candidate.image && spots);
  return { element: frame, spots };
}

function spot({ box: [left, top, right, bottom], answer }) {
  const element = h("i", { class: `spot ${answer}`, "aria-hidden": "true" });
  element.style.left = share(left);
  element.style.top = share(top);
  element.style.width = share(right - left);
  element.style.height = share(bottom - top);
  return element;
}

const share = (part) => `${(100 * part).toFixed(2)}%`;

/**
 * The verdict as a list. A mark that is pointed at or reached by keyboard shows its place on the picture.
 * @param {any} candidate
 * @param {HTMLElement[]} spots of `plate`
 * @param {boolean} whole whether to tell each look as well
 */
export function verdict(candidate, spots = [], whole = false) {
  if (!candidate.marks.length) return h("p", { class: "soft" }, candidate.reason || "This candidate was not judged.");
  return h("ul", { class: candidate.marks.length > MANY && !whole ? "marks many" : "marks" }, candidate.marks.map((mark, place) => entry(mark, spots[place], whole)));
}

function entry(mark, spot, whole) {
  const show = (on) => () => spot?.classList.toggle("on", on);
  return h("li", {
    class: mark.answer, tabindex: spot ? "0" : null,
    onmouseenter: show(true), onmouseleave: show(false), onfocus: show(true), onblur: show(false),
  },
  tick(mark.answer),
  h("div", {}, h("b", {}, mark.text),
    mark.evidence && h("small", {}, mark.evidence),
    whole && h("small", {}, [mark.said && `the judge said ${mark.said}`, mark.looks && `looks: ${mark.looks}`].filter(Boolean).join(" · "))));
}

/** The mark of an answer, with its meaning for those who hear it. */
export const tick = (answer) =>
  h("span", { class: `tick ${answer}`, role: "img", "aria-label": SPOKEN[answer] || "unsure" }, SYMBOLS[answer] || "?");

/** All marks of a candidate in a row, without words. */
export const ticks = (marks) => h("span", { class: "ticks" }, marks.map((mark) => tick(mark.answer)));
