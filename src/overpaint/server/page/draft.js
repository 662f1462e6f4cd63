/** What was typed into the form of a new run, kept in this tab, also once the run has begun: it may be refused. */

const DRAFT = "overpaint-form";
const STARTED = "overpaint-started";

const kept = (name) => JSON.parse(sessionStorage.getItem(name) || "{}");
const keep = (name, value) => sessionStorage.setItem(name, JSON.stringify(value));

/** What the form held when it was last seen; `{}` for a new one. */
export const draft = () => kept(DRAFT);
export const keepDraft = (typed) => keep(DRAFT, typed);

/** Begin with an empty form the next time, and know what this run was started with. */
export function started(thread, typed) {
  keep(STARTED, { thread, typed });
  sessionStorage.removeItem(DRAFT);
}

/** Put what a run was started with into the form of the next visit; its brief alone where another tab started it. */
export function takeUp({ thread, brief }) {
  const last = kept(STARTED);
  keepDraft(last.thread === thread ? last.typed : { brief });
}
