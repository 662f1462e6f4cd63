/** Two runs side by side: what was asked, what each came to, and what it spent. */

import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { status } from "./home.js";
import { picture, tick } from "./plate.js";
import { go, toCompare, toRun } from "./route.js";
import { cut, percent, receiptParts, STATUSES, when, why } from "./words.js";

/** @returns {Promise<{title: string, element: HTMLElement}>} */
export async function compare({ thread, other }) {
  const [{ threads }, ...runs] = await Promise.all([api.listRuns(100), ...[thread, other].map((id) => (id ? api.readRun(id) : null))]);
  const [one, two] = runs;
  return {
    title: "Compare two runs",
    element: h("div", {}, h("h1", { tabindex: "-1", id: "title" }, "Compare two runs"),
      h("div", { class: "grid pick" },
        choice("First run", threads, one, (id) => go(toCompare(id, other))),
        choice("Second run", threads, two, (id) => go(toCompare(thread, id)))),
      one && two ? beside(one, two) : h("p", { class: "soft" }, "Choose two runs.")),
  };
}

function choice(label, threads, run, chosen) {
  const listed = run && !threads.some((found) => found.thread === run.thread) ? [run, ...threads] : threads;
  const select = h("select", { "aria-label": label, onchange: () => select.value && chosen(select.value) },
    h("option", { value: "" }, "choose a run"),
    listed.map((found) => h("option", { value: found.thread, selected: found.thread === run?.thread }, named(found))));
  return h("div", { class: "field" }, h("span", { "aria-hidden": "true", class: "label" }, label), select);
}

/** What tells runs apart comes first, since a brief may be cut off. */
const named = ({ updated, status: name, brief, run }) =>
  [updated && when(updated), STATUSES[name] || name, cut(brief || "a picture", 60), run?.slice(0, 8)].filter(Boolean).join(" · ");

const championOf = (run) => run.candidates.find((candidate) => candidate.champion);

function beside(one, two) {
  const rows = [
    ["Champion", champion],
    ["Brief", (run) => h("a", { href: toRun(run.thread) }, run.brief || "a picture")],
    ["Status", (run) => [status(run.status), " ", why(run)]],
    ["Score", (run) => percent(championOf(run)?.score)],
    ["Candidates", (run) => run.candidates.length],
    ["Rounds", (run) => new Set(run.candidates.map((candidate) => candidate.round)).size],
    ...receiptParts(one.receipt).map(([name], place) => [`Receipt: ${name}`, (run) => receiptParts(run.receipt)[place][1]]),
    ["Champion's prompt", (run) => championOf(run)?.prompt || "–"],
  ];
  return [
    h("table", { class: "beside" },
      h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, "First"), h("th", { scope: "col" }, "Second"))),
      h("tbody", {}, rows.map(([name, cell]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, cell(one)), h("td", {}, cell(two)))), verdicts(one, two))),
    h("h2", {}, "Settings that differ"), settings(one, two),
  ];
}

function champion(run) {
  const found = championOf(run);
  return found ? h("a", { href: toRun(run.thread, found.id), class: "frame" }, picture(found, { whole: true })) : "no picture";
}

function verdicts(one, two) {
  const marks = [one, two].map((run) => championOf(run)?.marks || []);
  const texts = [...new Set(marks.flat().map((mark) => mark.text))];
  return texts.map((text) => h("tr", {}, h("th", { scope: "row" }, text), marks.map((found) => {
    const mark = found.find((candidate) => candidate.text === text);
    return h("td", {}, mark ? tick(mark.answer) : "not asked");
  })));
}

function settings(one, two) {
  const names = [...new Set([...Object.keys(one.settings), ...Object.keys(two.settings)])].sort();
  const differing = names.filter((name) => JSON.stringify(one.settings[name]) !== JSON.stringify(two.settings[name]));
  if (!differing.length) return h("p", { class: "soft" }, "None.");
  const said = (value) => (value === undefined || value === null ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));
  return fill(h("table", { class: "beside" }), h("tbody", {}, differing.map((name) =>
    h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, said(one.settings[name])), h("td", {}, said(two.settings[name]))))));
}
