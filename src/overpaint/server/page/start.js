/** The form of a new run: brief, picture to start from, preset, caps, and every other setting in a fold. */

import * as api from "./api.js";
import { checklistEditor } from "./checklist.js";
import { button, busy, field, fill, h } from "./dom.js";
import { draft, keepDraft, started } from "./draft.js";
import { pictureInput } from "./picture_input.js";
import { go, toRun } from "./route.js";
import { CAPS, fillSettings, readSettings, settingField, settingsFold, settingTexts, showUsual } from "./settings.js";

const USUAL = "default";
const LONGEST = 10_000;
const EXAMPLES = [
  "two red circles above a blue square",
  "a large yellow star between two small green triangles",
  "three purple diamonds in a row on a white background",
];

/**
 * @param {{presets: any[], settings: any[]}} options
 * @param {boolean} first whether there are no runs yet
 */
export function startForm(options, first) {
  const before = draft();
  const brief = h("textarea", { id: "brief", name: "brief", rows: 3, maxlength: LONGEST, placeholder: "Say what the picture shows" });
  brief.value = before.brief || "";
  const form = h("form", { class: "start panel", "aria-labelledby": "start-title" });
  const reference = pictureInput(form, before.picture);
  const settings = h("div", { class: "stack" });
  const preset = presetChoice(options, before, (usual) => showUsual(settings, usual));
  const checklist = checklistEditor(before.checklist || []);
  const caps = options.settings.filter((setting) => setting.name in CAPS && setting.allowed !== false);
  fill(settings, h("div", { class: "grid caps" }, preset.element, caps.map((setting) => settingField(setting, CAPS[setting.name]))),
    settingsFold(options.settings, "Further settings", Object.keys(CAPS)));
  preset.show();
  fillSettings(settings, before.settings || {});
  const typed = () => ({ brief: brief.value, ...preset.typed(), settings: settingTexts(settings), checklist: checklist.read(), picture: reference.picture() });
  for (const name of ["input", "change"]) form.addEventListener(name, () => keepDraft(typed()));
  const start = h("button", { class: "button primary", type: "submit" }, "Paint it");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(start, () => begin(brief, typed(), { ...preset.settings(), ...readSettings(settings) }));
  });
  brief.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(start);
  });
  return fill(form,
    h("h1", { id: "start-title" }, "What shall be painted?"),
    first && welcome(),
    h("div", { class: "asked" }, h("div", { class: "field" }, h("label", { for: "brief" }, "Brief"), brief), reference.element),
    (first || !brief.value) && examples(brief),
    settings,
    h("details", { class: "fold", open: Boolean(before.checklist?.length) }, h("summary", {}, "A checklist of your own"),
      h("p", { class: "soft" }, "Without one, a model writes it from the brief."), checklist.element),
    h("div", { class: "row end" }, h("small", { class: "soft" }, "Ctrl + Enter starts, too"), start));
}

const welcome = () => h("p", { class: "lead" },
  "Write a brief. overpaint turns it into a checklist, paints a candidate, judges it requirement by requirement, and paints again until the picture shows what was asked. You get the champion: the best candidate, never merely the last.");

function examples(brief) {
  return h("p", { class: "row examples" }, h("span", { class: "soft" }, "Try"), EXAMPLES.map((text) => button(text, () => {
    brief.value = text;
    brief.dispatchEvent(new Event("input", { bubbles: true }));
    brief.focus();
  }, "chip")));
}

function presetChoice({ presets, settings }, before, changed) {
  const chosen = () => presets.find(({ name }) => name === choice.value);
  const choice = h("select", { name: "preset" }, presets.map(({ name }) => h("option", { selected: name === (before.preset || USUAL) }, name)));
  const offline = h("input", { type: "checkbox", id: "offline", onchange: () => show() });
  const check = h("div", { class: "check" }, offline, h("label", { for: "offline" }, "With the built-in models, no key needed"));
  const element = field("Preset", choice, " ");
  const show = () => {
    const { description, lacks } = chosen();
    fill(element.querySelector("small"), description, lacks.length > 0 && ` This server has no ${lacks.join(" and no ")}.`);
    check.hidden = isBuiltIn(chosen());
    changed(held());
  };
  const tick = () => {
    offline.checked = chosen().lacks.length > 0;
  };
  const held = () => (offline.checked && !check.hidden ? chosen().offline : chosen().settings);
  choice.addEventListener("change", () => {
    tick();
    show();
  });
  tick();
  offline.checked = before.offline ?? offline.checked;
  element.append(check);
  const typed = () => ({ preset: choice.value, offline: offline.checked });
  return { element, show, typed, settings: () => beyond(held(), settings) };
}

/** Whether a preset names no models but the built-in ones. */
const isBuiltIn = ({ settings, offline }) =>
  Object.entries(settings).every(([name, value]) => value === null || JSON.stringify(value) === JSON.stringify(offline[name]));

/** What of a preset is not as it is anyway. */
function beyond(preset, settings) {
  const usual = Object.fromEntries(settings.map(({ name, default: value }) => [name, JSON.stringify(value)]));
  return Object.fromEntries(Object.entries(preset).filter(([name, value]) => JSON.stringify(value) !== usual[name]));
}

async function begin(brief, typed, context) {
  const { picture, checklist } = typed;
  const text = brief.value.trim();
  if (!text && !picture) {
    brief.focus();
    throw new api.Refused(0, "The brief is empty.", "Say what to paint, or add a picture to be described.");
  }
  const input = { brief: text || null };
  if (picture) input.image = reference(picture);
  if (checklist.length) input.requirements = checklist;
  const thread = await api.newThread();
  await api.work(thread, { input, context });
  started(thread, typed);
  go(toRun(thread));
}

/** What the graph knows a picture by, with the server's word that we may start from it. */
function reference({ sha256, mime, width, height, grant }) {
  return { sha256, mime, width, height, ...(grant ? { grant } : {}) };
}
