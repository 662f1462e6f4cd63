/** What a run at work does now: its plan, a bar for each candidate on its way, and the time that went by. */

import { address } from "./api.js";
import { fill, h } from "./dom.js";
import { tick } from "./plate.js";
import { OUTCOMES, percent, seconds } from "./words.js";

const LOADING = "The first run after a start loads the models, which can take a while.";
const PATIENCE = 5000; // ms without a word until that is said
const ANSWERS = { y: "yes", n: "no", u: "unsure" };

/**
 * @param {{begun: number, thumbs: boolean}} options when the work began (ms), and whether thumbs need no signature
 * @returns {{element: HTMLElement, show: (narrator: any) => void, stop: () => void}}
 */
export function livePanel({ begun, thumbs }) {
  const doing = h("h2", { id: "live-title" }, "Starting");
  const clock = h("span", { class: "clock", "aria-hidden": "true" });
  const plan = h("p", { class: "soft plan" });
  const rows = h("ul", { class: "ways" });
  const notes = h("div", { class: "notes" });
  const element = h("section", { class: "panel live", "aria-labelledby": "live-title" },
    h("div", { class: "row spread" }, h("div", { class: "row" }, h("span", { class: "pulse", "aria-hidden": "true" }), doing), clock), plan, rows, notes);
  const tickClock = () => {
    const waited = Math.max(0, Date.now() - begun);
    fill(clock, seconds(waited / 1000));
    if (waited > PATIENCE && !plan.textContent && !rows.children.length) fill(plan, LOADING);
  };
  const timer = setInterval(tickClock, 1000);
  tickClock();
  const known = new Map();
  const show = (narrator) => {
    fill(doing, narrator.doing || "Waiting");
    if (narrator.plan || plan.textContent !== LOADING) fill(plan, narrator.plan);
    fill(notes, narrator.notes.map((text) => h("p", { class: "note" }, text)));
    for (const id of known.keys()) if (!narrator.rows.has(id)) dropped(known, id);
    for (const row of narrator.rows.values()) way(known, rows, row, thumbs);
  };
  return { element, show, stop: () => clearInterval(timer) };
}

function dropped(known, id) {
  known.get(id).element.remove();
  known.delete(id);
}

function way(known, host, row, thumbs) {
  if (!known.has(row.id)) {
    const bar = h("progress", { "aria-label": `Painting candidate ${row.id}` });
    const [thumb, said] = [h("span", { class: "mini" }), h("span", { class: "said" })];
    const element = h("li", {}, thumb, h("b", {}, row.id), bar, said);
    known.set(row.id, { element, bar, said, thumb });
    host.append(element);
  }
  const { bar, said, thumb } = known.get(row.id);
  if (row.steps) {
    bar.max = row.steps;
    bar.value = row.step;
  }
  bar.hidden = Boolean(row.outcome);
  fill(said, saidOf(row));
  if (row.image && thumbs && !thumb.firstChild)
    thumb.append(h("img", { src: address(`images/${row.image.sha256}/thumb?w=256`), alt: "", class: "crisp" }));
}

function saidOf(row) {
  if (row.beliefs && row.score !== null)
    return [h("b", {}, percent(row.score)), " ", h("span", { class: "ticks" }, [...row.beliefs].map((letter) => tick(ANSWERS[letter])))];
  if (row.outcome && row.outcome !== "ok") return [OUTCOMES[row.outcome], row.reason && `: ${row.reason}`].filter(Boolean).join("");
  if (row.beliefs) return "not judged";
  if (row.outcome) return "painted, judging…";
  return row.steps ? `step ${row.step} of ${row.steps}` : "painting…";
}
