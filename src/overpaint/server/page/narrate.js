/** What happens in a run at work, from the events of its stream: the twin of events.py and live.py. */

import { OUTCOMES, percent } from "./words.js";

/** @typedef {{id:string, step:number, steps:number, outcome:string, reason:string, image:any, score:number|null, beliefs:string}} Row */

/** What is at work once a node is done. */
const AFTER = {
  intake: "Writing a prompt and a checklist", specify: "Thinking", decide: "Thinking", critique: "Painting",
  candidate: "Thinking", compare: "Making the contact sheet", __interrupt__: "",
};

export class Narrator {
  constructor() {
    this.doing = "Reading the brief";
    this.plan = "";
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    this.notes = [];
    this.error = null;
  }

  /**
   * Take an event in.
   * @param {{name: string, data: any}} event
   * @returns {{said?: string, settled?: boolean}} what to say aloud, and whether the run must be read anew
   */
  hear({ name, data }) {
    const [mode, inside] = name.split("|");
    if (mode === "error") return this.#failed(data);
    if (mode === "custom") return this.#told(data);
    if (mode !== "updates") return {};
    const said = Object.entries(data).map(([node, update]) => (inside ? this.#inside(node, update || {}) : this.#done(node, update || {})));
    return { said: said.filter(Boolean).join(". "), settled: !inside };
  }

  #failed(data) {
    this.error = data?.message || String(data?.error || "the run failed");
    return { said: this.error, settled: true };
  }

  #told(event) {
    if (event.kind === "step") {
      Object.assign(this.#row(event.candidate), { step: event.step, steps: event.steps });
      this.doing = "Painting";
      return {};
    }
    if (event.kind === "painted") {
      Object.assign(this.#row(event.candidate), { outcome: event.outcome, reason: event.reason, image: event.image });
      this.doing = "Judging";
      return { said: `Candidate ${event.candidate}: ${OUTCOMES[event.outcome] || event.outcome}` };
    }
    if (event.kind === "warning" || event.kind === "unread") return this.#noted(event);
    return {};
  }

  #noted(event) {
    const text = event.kind === "unread" ? `${event.candidate}: the painter will not see the end of its prompt: ${event.text}` : event.text;
    if (!this.notes.includes(text)) this.notes.push(text);
    return { said: text };
  }

  /** A server's stream holds of each update what the output of the graph has: messages and receipts, not the plan. */
  #done(node, { messages }) {
    if (node in AFTER) this.doing = AFTER[node];
    if (node !== "decide" && node !== "review") return "";
    this.rows.clear();
    this.plan = messages?.at(-1)?.content || "";
    return this.plan;
  }

  #inside(node, update) {
    if (node !== "judge") return "";
    return Object.values(update.candidates || {}).map((candidate) => {
      const { id, score, outcome, beliefs, image } = candidate;
      Object.assign(this.#row(id), { score, outcome, beliefs: beliefs || "-", image });
      return outcome === "ok" ? `Candidate ${id}: ${score === null ? "not judged" : percent(score)}` : "";
    }).filter(Boolean).join(". ");
  }

  #row(id) {
    if (!this.rows.has(id))
      this.rows.set(id, { id, step: 0, steps: 0, outcome: "", reason: "", image: null, score: null, beliefs: "" });
    return this.rows.get(id);
  }
}
