/** The top of a run: brief, status, champion with its verdict, receipt, and what can be done. */

import * as api from "./api.js";
import { button, busy, h, openDialog } from "./dom.js";
import { takeUp } from "./draft.js";
import { openFork } from "./fork.js";
import { status } from "./home.js";
import { plate, verdict } from "./plate.js";
import { go, toCompare, toRun } from "./route.js";
import { CAPS, readSettings, settingField, showUsual } from "./settings.js";
import { isOver, percent, receiptParts, why } from "./words.js";

/** Briefs longer than this are set smaller. */
const LONG = 120;

/**
 * @param {any} run
 * @param {{resume: (settings?: any) => Promise<void>, cancel: (() => Promise<void>)|null}} deeds
 */
export function headOf(run, deeds) {
  const champion = run.candidates.find((candidate) => candidate.champion);
  const shown = champion && plate(champion);
  return h("div", { class: `hero ${champion ? "" : "bare"}` },
    champion && h("figure", {}, h("a", { href: toRun(run.thread, champion.id), "aria-label": `Look at the champion, candidate ${champion.id}` }, shown.element),
      h("figcaption", { class: "soft" }, `champion, candidate ${champion.id}`)),
    h("div", { class: "facts-side" },
      h("p", { class: "row" }, status(run.status), champion && h("b", { class: "score" }, percent(champion.score))),
      h("h1", { tabindex: "-1", id: "title", dir: "auto", class: run.brief.length > LONG ? "long" : null }, run.brief || "a picture"),
      run.error ? h("p", { class: "problem" }, run.error) : h("p", { class: "soft" }, why(run)),
      champion && champion.marks.length > 0 && verdict(champion, shown.spots),
      run.unrendered && h("p", { class: "soft" }, `Written, and not painted: ${run.unrendered}`),
      run.run && receipt(run),
      deedsOf(run, deeds)));
}

function receipt(run) {
  return h("dl", { class: "receipt", "aria-label": "Receipt" }, receiptParts(run.receipt).map(([name, value]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function deedsOf(run, { resume, cancel }) {
  const painted = run.candidates.some((candidate) => candidate.image);
  const going = button(run.status === "failed" ? "Try again" : "Resume", () => busy(going, () => resume()), "primary");
  const halt = button("Cancel", () => busy(halt, cancel), "danger");
  const zip = button("Export", () => busy(zip, () => api.save(api.exportPath(run.thread), `overpaint-${run.run.slice(0, 8)}.zip`)),
    isOver(run) ? "primary" : "");
  const anew = button("Change the brief", () => startAnew(run), run.refused ? "primary" : "");
  const answer = button("Answer", () => document.getElementById("review-title").focus(), "primary");
  return h("div", { class: "row deeds" },
    run.status === "waiting" && answer,
    run.status === "running" && cancel && halt,
    (run.status === "interrupted" || run.status === "failed") && !run.refused && going,
    run.error && !painted && anew,
    run.run && run.status !== "running" && !run.refused && button("Fork", () => openFork(run, null, "brief")),
    painted && zip, painted && sheetButton(run),
    run.run && isOver(run) && !run.refused && button(further(run), () => openRaise(run, resume)),
    painted && h("a", { class: "button", href: toCompare(run.thread) }, "Compare"));
}

function startAnew(run) {
  takeUp(run);
  go("#/");
}

function sheetButton(run) {
  if (!api.hasKey()) return h("a", { class: "button", href: api.address(api.sheetPath(run.thread)), target: "_blank", rel: "noopener" }, "Contact sheet");
  const control = button("Contact sheet", () => busy(control, () => api.save(api.sheetPath(run.thread), "sheet.html")));
  return control;
}

/** Whether a run ended with a candidate that passed, and not at a cap. */
const isDone = ({ status, settings }) => status === "passed" && settings.stop_when_passed !== false;
const further = (run) => (isDone(run) ? "Paint on" : "Raise a cap and go on");

/** Caps to raise, so that a run that stopped goes on; one that passed goes on in any case. */
async function openRaise(run, resume) {
  const { settings } = await api.options();
  const names = { ...CAPS, rounds: "Most rounds", patience: "Rounds without gain" };
  const fields = settings.filter((setting) => setting.name in names && setting.allowed !== false)
    .map((setting) => settingField(setting, names[setting.name]));
  const send = h("button", { type: "submit", class: "button primary" }, "Go on");
  const form = h("form", { class: "stack" },
    h("p", { class: "soft" }, isDone(run) ? "The run goes on after its pass, until it reaches a cap." : "The run goes on where it stopped, with what you raise here."),
    h("div", { class: "grid" }, fields),
    h("div", { class: "row end" }, send));
  showUsual(form, run.settings);
  onlyHigher(form, run.settings);
  const dialog = openDialog(further(run), form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = { ...(isDone(run) ? { stop_when_passed: false } : {}), ...readSettings(form) };
    busy(send, async () => {
      if (!Object.keys(given).length) throw new api.Refused(0, "Nothing is raised.", "Give at least one of these.");
      await resume(given);
      dialog.close();
    });
  });
  form.querySelector("input")?.focus();
}

function onlyHigher(form, settings) {
  for (const control of form.querySelectorAll("input[type=number]")) {
    const now = settings[control.name];
    if (typeof now === "number") control.min = control.dataset.type === "integer" ? now + 1 : now;
  }
}

/** The checklist and settings of a run, and what it can be forked with. */
export function foldsOf(run, checklist) {
  const change = button("Change it in a fork", () => openFork(run, null, "checklist"), "quiet");
  return [
    h("details", { class: "fold" }, h("summary", {}, `Checklist (${run.checklist.length})`), checklist, run.status === "running" || run.refused ? null : change),
    h("details", { class: "fold" }, h("summary", {}, "Settings"), h("dl", { class: "facts" },
      Object.entries(run.settings).filter(([, value]) => value !== null).map(([name, value]) =>
        [h("dt", {}, name), h("dd", {}, typeof value === "object" ? JSON.stringify(value) : String(value))]))),
  ];
}
