/** Presets, caps and all other settings as fields; what is left empty stays as the preset has it. */

import { h, nextId } from "./dom.js";

/** The caps that are asked for outside the fold, with the words of their labels. */
export const CAPS = { max_images: "Most pictures", max_seconds: "Most seconds", max_usd: "Most US dollars" };

/** What is asked for most, and stands first. */
const FIRST = ["review", "review_checklist", "seed", "size", ...Object.keys(CAPS), "max_calls", "max_tokens", "per_round", "rounds", "patience", "stop_when_passed"];

/** What a form says beyond a setting's description. */
const HINTS = { review: "The first round is painted without asking." };

const MANY = 12;

/**
 * One setting as a labelled field.
 * @param {{name:string, description:string, type:string, choices:any[]|null, min:number|null, max:number|null}} setting
 * @param {string} label said instead of its name and description
 */
export function settingField(setting, label = "") {
  const id = nextId();
  const control = controlOf(setting, id);
  return h("div", { class: "field setting" }, h("label", { for: id }, label || setting.name), control,
    h("small", { id: `${id}-hint`, class: label ? "hidden" : null }, [setting.description, HINTS[setting.name]].filter(Boolean).join(" ")));
}

function controlOf(setting, id) {
  const { name, type, choices, min, max } = setting;
  const common = { id, name, "data-type": type, "aria-describedby": `${id}-hint` };
  const listed = type === "boolean" ? [true, false] : type === "array" ? null : choices;
  if (listed) return h("select", common, h("option", { value: "" }), listed.map((choice) => h("option", { value: String(choice) }, shown(choice))));
  if (type === "integer" || type === "number") return h("input", { ...common, type: "number", min, max, step: type === "integer" ? 1 : "any" });
  return h("input", { ...common, type: "text", autocomplete: "off", spellcheck: "false" });
}

function shown(value) {
  if (value === null || value === undefined) return "";
  if (value === true) return "yes";
  if (value === false) return "no";
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Say in each field that is left empty what holds then. */
export function showUsual(host, values) {
  for (const control of host.querySelectorAll("[data-type]")) {
    const usual = shown(values[control.name]);
    if (control.options) control.options[0].textContent = usual ? `${usual} (unchanged)` : "unset";
    else control.placeholder = usual || "unset";
  }
}

/** What stands in the fields, as it was typed. */
export const settingTexts = (host) =>
  Object.fromEntries([...host.querySelectorAll("[data-type]")].filter(({ value }) => value !== "").map(({ name, value }) => [name, value]));

/** Put into the fields what `settingTexts` gave, and open the folds around them. */
export function fillSettings(host, texts) {
  for (const control of host.querySelectorAll("[data-type]")) {
    if (!(control.name in texts)) continue;
    control.value = texts[control.name];
    unfold(control);
  }
}

function unfold(control) {
  for (let fold = control.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
}

/** What was filled in, as the server wants it: numbers and truth values instead of text. */
export function readSettings(host) {
  const given = {};
  for (const control of host.querySelectorAll("[data-type]")) {
    const text = control.value.trim();
    if (text !== "") given[control.name] = typed(text, control.dataset.type);
  }
  return given;
}

function typed(text, type) {
  if (type === "integer" || type === "number") return Number(text);
  if (type === "boolean") return text === "true";
  return text;
}

/**
 * All settings but some, in a fold with a search field: those asked for most, then each node's in a fold of its own.
 * @param {any[]} settings of `options`
 * @param {string} title
 * @param {string[]} without names that are asked for elsewhere
 */
export function settingsFold(settings, title, without = []) {
  const listed = settings.filter((setting) => setting.allowed !== false && !without.includes(setting.name));
  const first = FIRST.map((name) => listed.find((setting) => setting.name === name)).filter(Boolean);
  const groups = [...Map.groupBy(listed.filter((setting) => !first.includes(setting)), (setting) => setting.node)];
  const grid = (members) => h("div", { class: "grid" }, members.map((setting) => settingField(setting)));
  const parts = [
    h("fieldset", {}, h("legend", {}, "Review, size and caps"), grid(first)),
    ...groups.map(([node, members]) => h("details", { class: "fold" }, h("summary", {}, `${node} (${members.length})`), grid(members))),
  ];
  const search = h("input", {
    type: "search", placeholder: "Find a setting, such as seed", "aria-label": "Find a setting", oninput: () => sift(parts, search.value),
  });
  const fold = h("details", { class: "fold" }, h("summary", {}, title), listed.length > MANY && search, parts);
  fold.addEventListener("invalid", ({ target }) => unfold(target), { capture: true }); // a browser cannot point into a closed one
  return fold;
}

function sift(parts, sought) {
  const word = sought.trim().toLowerCase();
  for (const part of parts) {
    let any = false;
    for (const setting of part.querySelectorAll(".setting")) {
      setting.hidden = word !== "" && !setting.textContent.toLowerCase().includes(word);
      any ||= !setting.hidden;
    }
    part.hidden = !any;
    if (part.matches("details")) part.open = word !== "" && any;
  }
}
