/** One run: read from the server, followed while it is at work, answered where it waits. */

import * as api from "./api.js";
import { checklistView } from "./checklist.js";
import { announce, fill, h, problem, refreshed } from "./dom.js";
import { foldsOf, headOf } from "./head.js";
import { showLineage } from "./lineage.js";
import { livePanel } from "./live.js";
import { openLooker } from "./looker.js";
import { Narrator } from "./narrate.js";
import { reviewForm } from "./review.js";
import { go, read, toRun } from "./route.js";
import { showSheet } from "./sheet.js";
import { follow } from "./stream.js";
import { openVersus } from "./versus.js";
import { cut, isOver, receiptLine, STATUSES } from "./words.js";

const BUSY = ["pending", "running"];
const ELSEWHERE = 2500;
const SOON = 250;

/** A run on the page. It lives until `leave` is called. */
export class RunPage {
  constructor({ thread, run = "" }, title) {
    this.thread = thread;
    this.turn = run;
    this.title = title;
    this.left = new AbortController();
    this.place = {};
    this.run = null;
    this.work = null;
    const named = (className) => h("div", { class: className });
    this.parts = { problem: named("problems"), turns: named("turns"), head: named("head"), live: named("at-work"), review: named("at-work"), sheet: named("sheet"), lineage: named("lineage"), folds: named("folds") };
    this.sheetSection = h("section", { "aria-labelledby": "sheet-title", hidden: true }, h("h2", { id: "sheet-title" }, "Candidates"), this.parts.sheet);
    this.lineageSection = h("section", { "aria-labelledby": "lineage-title", hidden: true }, h("h2", { id: "lineage-title" }, "Lineage"), this.parts.lineage);
    const { problem, turns, head, live, review, folds } = this.parts;
    this.element = h("div", {}, problem, turns, head, live, review, this.sheetSection, this.lineageSection, folds);
  }

  /** Read the run and, where it is at work, begin to follow it. */
  async open() {
    [this.options, this.work] = await Promise.all([api.options(), api.latestWork(this.thread)]);
    await this.read();
    if (!this.run && !this.isOurs()) throw new api.Refused(404, "There is no such run.", "It may have been pruned, or belong to another key.");
    this.join();
    for (const name of ["focus", "visibilitychange"]) addEventListener(name, () => this.look(), { signal: this.left.signal });
  }

  /** Whether this server is at work on the run. */
  isOurs() {
    return Boolean(this.work && BUSY.includes(this.work.status));
  }

  /** Follow the run where it is at work. */
  join() {
    if (this.following) return;
    if (this.isOurs()) this.follow();
    else if (this.run.status === "running") this.watch();
  }

  /** Look again: another window may have set the run to work since. */
  async look() {
    if (this.following || document.hidden) return;
    try {
      const work = await api.latestWork(this.thread);
      if (this.following) return;
      this.work = work;
      await this.read();
      this.join();
    } catch (error) {
      this.failed(error);
    }
  }

  leave() {
    this.left.abort();
    this.panel?.stop();
    clearTimeout(this.due);
    this.dialog?.close();
  }

  /** Read the run anew and show what changed. A run that has only just begun cannot be read yet. */
  async read() {
    try {
      this.run = await api.readRun(this.thread, this.turn);
    } catch (error) {
      if (error.status !== 404) throw error;
      return;
    }
    if (!this.left.signal.aborted) this.show();
  }

  /** Read soon, once for all that happens until then. */
  readSoon() {
    this.due ||= setTimeout(async () => {
      this.due = 0;
      await this.read().catch((error) => this.failed(error));
    }, SOON);
  }

  async follow() {
    const { signal } = this.left;
    this.following = true;
    if (this.run) this.show();
    const narrator = new Narrator();
    this.panel?.stop();
    this.panel = livePanel({ begun: Date.parse(this.work.created_at) || Date.now(), thumbs: !this.options.auth });
    fill(this.parts.live, this.panel.element);
    const heard = (event) => {
      const { said, settled } = narrator.hear(event);
      this.panel.show(narrator);
      if (said) announce(said);
      if (settled) this.readSoon();
    };
    try {
      await follow(this.thread, this.work.run_id, heard, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.failed(error);
    }
    this.following = false;
    await this.ended(narrator.error);
  }

  async ended(error) {
    this.panel.stop();
    fill(this.parts.live);
    this.work = await api.latestWork(this.thread);
    await this.read();
    if (error && error !== this.run?.error) this.failed(new api.Refused(0, error));
    if (this.run) announce(`The run: ${STATUSES[this.run.status] || this.run.status}. Receipt: ${receiptLine(this.run.receipt)}`);
    if (this.run?.status === "waiting") document.getElementById("review-title")?.focus();
  }

  /** A run that another process drives is read again and again. */
  async watch() {
    this.following = true;
    while (!this.left.signal.aborted && this.run.status === "running") {
      await new Promise((resolve) => setTimeout(resolve, ELSEWHERE));
      await this.read().catch((error) => this.failed(error));
    }
    this.following = false;
  }

  failed(error) {
    fill(this.parts.problem, problem(error));
  }

  /** Set the thread to work, and follow; where another window was first, follow what that one does. */
  async go(given, before = async () => {}) {
    fill(this.parts.problem);
    try {
      await before();
      this.work = await api.work(this.thread, given);
    } catch (error) {
      if (error.status !== 409) throw error;
      this.work = await api.latestWork(this.thread);
      if (!this.isOurs()) throw error;
      this.failed(new api.Refused(409, "Another window was first.", "What the run does there is shown here."));
    }
    this.join();
  }

  async resume(settings) {
    const over = isOver(this.run) && this.run.run;
    await this.go(settings ? { context: settings } : {}, () => over && api.reopen(this.thread, settings || {}));
  }

  async cancel() {
    await api.cancel(this.thread, this.work.run_id);
  }

  show() {
    const { parts } = this;
    const ours = this.isOurs();
    const run = { ...this.run, status: ours ? "running" : this.run.status };
    this.title(`${cut(run.brief || "a picture", 60)} · ${STATUSES[run.status] || run.status}`);
    refreshed(parts.turns, run.runs, () => this.turnLinks());
    const { status, brief, why, error, refused, receipt, unrendered } = run;
    const champion = run.candidates.find((candidate) => candidate.champion) || null;
    refreshed(parts.head, { status, brief, why, error, refused, receipt, unrendered, champion, ours }, () =>
      headOf(run, { resume: (settings) => this.resume(settings), cancel: ours ? () => this.cancel() : null }));
    const asked = run.status === "waiting" && run.interrupts.length > 0;
    refreshed(parts.review, asked && run.interrupts, () => asked && reviewForm(run, (resume) => this.go({ command: { resume } })));
    this.sheetSection.hidden = run.candidates.length === 0;
    this.lineageSection.hidden = run.candidates.length === 0;
    showSheet(parts.sheet, run);
    showLineage(parts.lineage, run);
    refreshed(parts.folds, [run.checklist, run.settings, run.status], () => run.run && foldsOf(run, checklistView(run.checklist)));
    this.showPlace();
  }

  /** The runs of one conversation, of which the last is shown unless another is asked for. */
  turnLinks() {
    const { runs, run } = this.run;
    if (runs.length < 2) return null;
    return h("nav", { "aria-label": "Runs of this conversation", class: "row" }, runs.map((id, place) =>
      h("a", { href: toRun(this.thread, "", "", id), "aria-current": id === run ? "page" : null }, `run ${place + 1}`)));
  }

  /** Go to a candidate, or to two of them beside each other, or back to the run. */
  at({ candidate = "", other = "" }) {
    this.place = { candidate, other };
    this.showPlace();
  }

  showPlace() {
    const { candidate, other } = this.place;
    const key = candidate ? `${candidate}/${other}` : "";
    if (key === this.shownPlace || !this.run) return;
    const find = (id) => this.run.candidates.find((one) => one.id === id);
    if (candidate && !(find(candidate) && (!other || find(other)))) return this.lacking(candidate, other);
    this.shownPlace = key;
    const dialog = this.dialog;
    this.dialog = null;
    dialog?.close();
    if (!candidate) return undefined;
    const closed = () => this.closed(opened, candidate);
    const opened = other ? openVersus(find(candidate), find(other), closed) : openLooker(this.run, candidate, closed);
    this.dialog = opened;
    return undefined;
  }

  /** A candidate that is not there may still come. */
  lacking(candidate, other) {
    if (this.run.status === "running") return;
    this.failed(new api.Refused(404, `This run has no candidate ${other ? `${candidate} or ${other}` : candidate}.`, "Its candidates are below."));
    this.place = {};
  }

  closed(dialog, candidate) {
    if (this.dialog !== dialog) return; // another one took its place
    this.dialog = null;
    const at = read(location.hash);
    if (at.thread !== this.thread || at.candidate !== candidate) return; // on the way to somewhere else
    this.shownPlace = "";
    go(toRun(this.thread, "", "", this.turn));
    this.element.querySelector(`[data-candidate="${CSS.escape(candidate)}"] a.id`)?.focus();
  }
}
