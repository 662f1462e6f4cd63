/** A checklist to change: one line per requirement, and what it is asked as in a fold. */

import { button, field, fill, h } from "./dom.js";

const KINDS = ["object", "count", "attribute", "relation", "position", "text", "style", "other"];

/**
 * @param {any[]} requirements
 * @param {() => void} changed
 * @returns {{element: HTMLElement, read: () => any[], changed: () => boolean}}
 */
export function checklistEditor(requirements, changed = () => {}) {
  const rows = h("ol", { class: "editor" });
  const add = (requirement) => {
    const item = row(requirement, () => {
      const next = item.nextElementSibling || item.previousElementSibling;
      item.remove();
      (next?.querySelector("input") || more).focus();
      changed();
    });
    rows.append(item);
    return item;
  };
  const more = button("Add a requirement", () => {
    add({ text: "" }).querySelector("input").focus();
    changed();
  }, "quiet");
  requirements.forEach(add);
  const before = JSON.stringify(read(rows));
  const element = h("div", { oninput: changed }, rows, more);
  return { element, read: () => read(rows), changed: () => JSON.stringify(read(rows)) !== before };
}

function row(requirement, remove) {
  const { text = "", question = "", kind = "other", expected = "yes", weight = 1 } = requirement;
  const said = h("input", { name: "text", value: text, "aria-label": "Requirement", placeholder: "such as: the circle is red", maxlength: 1000 });
  const kinds = KINDS.includes(kind) ? KINDS : [...KINDS, kind];
  const more = h("details", {}, h("summary", {}, "How it is judged"),
    h("div", { class: "grid" },
      field("Question for the judge", h("input", { name: "question", value: question, placeholder: "asked from the text when empty", maxlength: 1000 })),
      field("Kind", h("select", { name: "kind" }, kinds.map((name) => h("option", { selected: name === kind }, name)))),
      field("Expected answer", h("input", { name: "expected", value: expected, maxlength: 40 })),
      field("Weight", h("input", { name: "weight", type: "number", min: 0.1, max: 10, step: "any", value: weight }))));
  said.addEventListener("change", () => {
    // A question made for another text would judge what is no longer asked.
    const question = more.querySelector("[name=question]");
    if (question.value === requirement.question) question.value = "";
  });
  return h("li", {}, h("div", { class: "row" }, said, button("Remove", remove, "quiet", { "aria-label": "Remove this requirement" })), more);
}

function read(rows) {
  const of = (item, name) => item.querySelector(`[name=${name}]`).value.trim();
  return [...rows.children].filter((item) => of(item, "text")).map((item) => {
    const [question, weight] = [of(item, "question"), Number(of(item, "weight"))];
    const base = { text: of(item, "text"), kind: of(item, "kind"), expected: of(item, "expected") || "yes", weight: weight > 0 ? weight : 1 };
    return question ? { ...base, question } : base;
  });
}

/** A checklist to read. */
export function checklistView(requirements) {
  return fill(h("ol", { class: "checklist" }), requirements.map((requirement) =>
    h("li", {}, requirement.text, requirement.question && h("small", {}, requirement.question))));
}
