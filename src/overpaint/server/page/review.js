/** What a run asks a person, and the answers it takes: LangChain's HITLRequest, one interrupt or several at once. */

import { checklistEditor } from "./checklist.js";
import { button, busy, field, h, nextId } from "./dom.js";
import { toRun } from "./route.js";

const TITLES = { paint: "A prompt to paint next", deliver: "A new champion", use_checklist: "The checklist", paint_again: "A picture that was never seen" };
const CHOICES = {
  paint: { approve: "Paint it", reject: "Leave it out", end: "Leave it out, which ends the run", respond: "Tell the critic what to change" },
  deliver: { approve: "Deliver it", reject: "Paint on", respond: "Paint on, and tell the critic what to change" },
  use_checklist: { approve: "Use it", reject: "End the run" },
  paint_again: { approve: "Paint it again", reject: "Do without" },
};
const USUAL = { approve: "Approve", reject: "Reject", respond: "Answer" };
const STOP = { type: "stop" };

/**
 * The form that answers all that a run waits for.
 * @param {any} run
 * @param {(resume: Object<string, any>) => Promise<void>} answer given the answers by the ids of the interrupts
 */
export function reviewForm(run, answer) {
  const asked = run.interrupts.map(({ id, value }) => ({ id, parts: requestsOf(value).map((request) => part(run, request, value)) }));
  const send = h("button", { type: "submit", class: "button primary" }, "Go on");
  const all = (decide) => Object.fromEntries(asked.map(({ id, parts }) => [id, { decisions: parts.map(decide) }]));
  const stop = button("Stop the run here", () => busy(stop, () => answer(all(() => STOP))), "danger");
  const form = h("form", { class: "panel review", "aria-labelledby": "review-title" },
    h("h2", { id: "review-title", tabindex: "-1" }, "The run waits for you"),
    asked.some(({ parts }) => parts.some(({ name }) => name === "paint")) && run.critique?.feedback && h("p", { class: "soft" }, `The critic: ${run.critique.feedback}`),
    asked.flatMap(({ parts }) => parts.map(({ element }) => element)),
    h("div", { class: "row end" }, stop, send));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(send, () => answer(all((one) => one.decide())));
  });
  return form;
}

const requestsOf = (value) => value?.action_requests || [{ name: "answer", args: {}, description: String(value ?? "") }];

function part(run, request, value) {
  const config = (value?.review_configs || []).find(({ action_name: name }) => name === request.name);
  const allowed = (config?.allowed_decisions || ["approve", "reject", "respond"]).filter((kind) => kind !== "edit");
  const edited = editorOf(run, request);
  const remark = h("textarea", { rows: 2, maxlength: 4000, onchange: () => { remark.value = remark.value.trim(); } });
  const remarked = field("What to change", remark);
  const { element: choice, chosen } = choices(request.name, allowed, requestsOf(value).length === 1, (kind) => {
    remark.required = kind === "respond";
    remarked.hidden = !remark.required;
    if (kind === "respond") remark.focus();
  });
  remarked.hidden = true;
  const decide = () => {
    const kind = chosen();
    if (kind === "respond") return { type: "respond", message: remark.value };
    const args = kind === "approve" && edited?.read();
    return args ? { type: "edit", edited_action: { name: request.name, args } } : { type: kind };
  };
  const element = h("fieldset", { class: "asks" }, h("legend", {}, TITLES[request.name] || request.name),
    h("p", { class: "told" }, told(request)), edited?.element, choice, remarked);
  return { name: request.name, element, decide };
}

/** What is said with a request, without what the page shows better. */
function told(request) {
  const lines = (request.description || "").split("\n");
  const shown = request.name === "use_checklist" ? lines.filter((line) => !/^\d+\. /.test(line)) : lines;
  return shown.join("\n").replace(/, picture [0-9a-f]{64}/g, "");
}

/** The part of a request that may be changed; `read` gives the changed arguments, or nothing where all is as it was. */
function editorOf(run, { name, args }) {
  if (name === "paint") return promptEditor(args);
  if (name === "deliver") return { element: h("p", {}, h("a", { href: toRun(run.thread, args.candidate) }, `Look at candidate ${args.candidate}`)), read: () => null };
  if (name !== "use_checklist") return null;
  const editor = checklistEditor(args.checklist);
  return { element: editor.element, read: () => (editor.changed() ? { checklist: editor.read() } : null) };
}

function promptEditor(args) {
  const prompt = h("textarea", { rows: 4, maxlength: 10_000, name: "prompt" });
  prompt.value = args.prompt;
  const idea = h("input", { type: "checkbox", id: nextId() });
  const offered = "use_idea" in args && h("div", { class: "check" }, idea, h("label", { for: idea.id }, "Add the idea to the prompt"));
  const element = h("div", {}, field("Prompt", prompt, args.boxes ? "Painted only into the places that fail." : ""), offered);
  return {
    element,
    read: () => {
      const text = prompt.value.trim();
      if (text === args.prompt && !idea.checked) return null;
      return { ...args, prompt: text, ...(offered ? { use_idea: idea.checked } : {}) };
    },
  };
}

function choices(name, allowed, alone, picked) {
  const group = nextId();
  const words = { ...USUAL, ...CHOICES[name] };
  if (alone && words.end) words.reject = words.end; // nothing else would be left to paint
  const radios = allowed.map((kind, place) => h("input", {
    type: "radio", name: group, value: kind, id: nextId(), checked: place === 0, onchange: () => picked(kind),
  }));
  const element = h("div", { class: "choices", role: "radiogroup", "aria-label": "What shall be done" },
    radios.map((radio) => h("span", {}, radio, h("label", { for: radio.id }, words[radio.value] || radio.value))));
  return { element, chosen: () => radios.find((radio) => radio.checked).value };
}
