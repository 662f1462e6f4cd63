/** A fork: a new run that begins at a candidate of this one, or where it stands, with something changed. */

import * as api from "./api.js";
import { checklistEditor } from "./checklist.js";
import { busy, field, fill, h, openDialog } from "./dom.js";
import { go, toRun } from "./route.js";
import { readSettings, settingsFold, showUsual } from "./settings.js";

/**
 * @param {any} run the parent
 * @param {any} candidate to start from; null: where the run stands
 * @param {"prompt"|"brief"|"checklist"} focus what the reader came to change
 */
export async function openFork(run, candidate = null, focus = "prompt") {
  const { settings } = await api.options();
  const start = startChoice(run, candidate);
  const prompt = h("textarea", { rows: 4, maxlength: 10_000, placeholder: "as the critic will write it" });
  const brief = h("textarea", { rows: 4, maxlength: 10_000 });
  brief.value = run.brief;
  const checklist = checklistEditor(run.checklist);
  const fold = settingsFold(settings, "Other settings");
  showUsual(fold, run.settings);
  const send = h("button", { type: "submit", class: "button primary" }, "Fork and paint");
  const form = h("form", { class: "stack" },
    h("p", { class: "soft" }, "A new run begins here with what you change; this one stays as it is. Its pictures are shared, its receipt starts from zero."),
    field("Start from", start),
    field("Prompt to paint next", prompt, candidate ? "Prefilled with the candidate's prompt; leave it as it is and the critic writes the next one." : ""),
    h("details", { class: "fold", open: focus === "brief" }, h("summary", {}, "Another brief"), field("Brief", brief, "Prompt and checklist are written anew for it.")),
    h("details", { class: "fold", open: focus === "checklist" }, h("summary", {}, "Another checklist"), checklist.element),
    fold, h("div", { class: "row end" }, send));
  prompt.value = candidate?.prompt || "";
  const dialog = openDialog(candidate ? `Fork from candidate ${candidate.id}` : "Fork this run", form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const change = changed({ run, candidate, start, prompt, brief, checklist, fold });
    busy(send, async () => {
      const { thread } = await api.fork(run.thread, change);
      await api.work(thread, change.settings ? { context: change.settings } : {});
      for (const open of document.querySelectorAll("dialog")) open.close();
      go(toRun(thread));
    });
  });
  const first = { prompt, brief, checklist: checklist.element.querySelector("input") }[focus];
  (first || prompt).focus();
  return dialog;
}

function startChoice(run, candidate) {
  const painted = run.candidates.filter((other) => other.image);
  return fill(h("select", {}), h("option", { value: "" }, "where the run stands"),
    painted.map((other) => h("option", { value: other.id, selected: other.id === candidate?.id },
      `candidate ${other.id}${other.champion ? ", champion" : ""}`)));
}

/** What the fork is to have that its parent has not. */
function changed({ run, candidate, start, prompt, brief, checklist, fold }) {
  const change = {};
  const settings = readSettings(fold);
  const [text, asked] = [prompt.value.trim(), brief.value.trim()];
  if (start.value) change.start = start.value;
  if (text && text !== candidate?.prompt) change.prompt = text;
  if (asked && asked !== run.brief) change.brief = asked;
  if (checklist.changed()) change.checklist = checklist.read();
  if (Object.keys(settings).length) change.settings = settings;
  return change;
}
