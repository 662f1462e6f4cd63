/** The first page: start a run, and the runs there are. */

import * as api from "./api.js";
import { busy, button, h } from "./dom.js";
import { picture } from "./plate.js";
import { toCompare, toRun } from "./route.js";
import { startForm } from "./start.js";
import { ago, counted, cut, percent, STATUSES } from "./words.js";

/** @returns {Promise<{title: string, element: HTMLElement}>} */
export async function home() {
  const [options, page] = await Promise.all([api.options(), api.listRuns()]);
  const first = page.threads.length === 0;
  return {
    title: "New run",
    element: h("div", {}, startForm(options, first), first ? null : runsSection(page)),
  };
}

function runsSection(page) {
  const list = h("ul", { class: "runs" }, page.threads.map(entry));
  const more = button("Show older runs", () => busy(more, async () => {
    const next = await api.listRuns(24, list.children.length);
    list.append(...next.threads.map(entry));
    if (!next.more) more.remove();
  }));
  const two = page.threads.length > 1;
  return h("section", { "aria-labelledby": "runs-title" },
    h("div", { class: "row spread" }, h("h2", { id: "runs-title" }, "Runs"),
      two && h("a", { href: toCompare(page.threads[1].thread, page.threads[0].thread) }, "Compare two runs")),
    list, page.more && more);
}

function entry(run) {
  const champion = run.champion
    ? picture({ image: run.champion }, { said: "" })
    : h("div", { class: "frame none" }, "no picture yet");
  return h("li", {}, h("a", { class: "tile", href: toRun(run.thread) },
    h("div", { class: "frame" }, champion),
    h("div", { class: "body" },
      h("b", { class: "brief" }, cut(run.brief || "a picture", 140)),
      h("span", { class: "row" }, status(run.status), run.score !== null && h("span", {}, percent(run.score))),
      h("small", {}, [counted(run.pictures, "picture"), ago(run.updated), run.forked_from && "a fork"].filter(Boolean).join(" · ")))));
}

/** The status of a run as a pill. */
export const status = (name) => h("span", { class: `status ${name}` }, STATUSES[name] || name);
