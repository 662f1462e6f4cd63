/** How results are said: the same words as on the terminal and the contact sheet (phrases.py). */

export const ACTIONS = {
  start: "first round", given: "given by you", rejudge: "judged anew",
  edit: "edit", revise: "revise", restart: "restart", reseed: "reseed",
};

export const OUTCOMES = {
  ok: "painted", blank: "blank picture", blocked: "blocked by the provider",
  duplicate: "duplicate", error: "failed", unknown: "sent, never answered",
};

export const STATUSES = {
  passed: "passed", stopped: "stopped", failed: "failed", waiting: "waits for you", interrupted: "interrupted", running: "at work",
  starting: "starts",
};

/** A score of 0 to 1 as a percentage; only a full score says 100%. */
export function percent(score) {
  if (score === null || score === undefined) return "–";
  return score >= 0.99 && score < 1 ? "99%" : `${Math.round(score * 100)}%`;
}

/** US dollars. */
export function money(usd) {
  if (usd === null || usd === undefined) return "price unknown";
  if (usd === 0) return "free";
  return usd < 1 ? `$${usd.toFixed(4)}` : `$${usd.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

/** A duration, given in seconds. */
export function seconds(value) {
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  const whole = Math.round(value);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** A number with its noun, in the plural where due. */
export const counted = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/** A moment to the second, in the reader's own locale. */
export const when = (moment) => new Date(moment).toLocaleString(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** How long ago a moment was; dates are left to the reader's own locale after a week. */
export function ago(when, now = Date.now()) {
  const moment = Date.parse(when);
  if (Number.isNaN(moment)) return "";
  const past = Math.max(0, (now - moment) / 1000);
  if (past < 60) return "just now";
  for (const [size, unit] of [[60, "minute"], [3600, "hour"], [86400, "day"]]) {
    const next = { 60: 3600, 3600: 86400, 86400: 604800 }[size];
    if (past < next) return `${counted(Math.floor(past / size), unit)} ago`;
  }
  return new Date(moment).toLocaleDateString();
}

/**
 * What a run spent, as pairs of name and value.
 * @param {{images:number, calls:number, tokens:number, seconds:number, usd:number|null, unknown?:number}} receipt
 */
export function receiptParts(receipt) {
  const images = receipt.unknown ? `${receipt.images} (${receipt.unknown} never seen)` : receipt.images.toLocaleString("en");
  return [
    ["pictures", images],
    ["model calls", receipt.calls.toLocaleString("en")],
    ["tokens", receipt.tokens.toLocaleString("en")],
    ["time", seconds(receipt.seconds)],
    ["cost", money(receipt.usd)],
  ];
}

/** Whether a run came to its stop. */
export const isOver = ({ status }) => ["passed", "stopped", "failed"].includes(status);

/** Why a run is where it is. */
export function why(run) {
  if (isOver(run)) return run.why;
  return run.status === "interrupted" ? "It was left on its way; Resume goes on." : "";
}

/** The receipt on one line. */
export function receiptLine(receipt) {
  const { images, calls, tokens } = receipt;
  const parts = [counted(images, "picture"), counted(calls, "call"), counted(tokens, "token")];
  return [...parts, seconds(receipt.seconds), money(receipt.usd)].join(" · ");
}

/** Text cut to a length, with an ellipsis. */
export const cut = (text, limit) => (text.length > limit ? `${text.slice(0, limit - 1).trimEnd()}…` : text);

/** What is said of a candidate's verdict in a few words. */
export function verdictWords(candidate) {
  if (candidate.outcome !== "ok") return OUTCOMES[candidate.outcome] || candidate.outcome;
  return candidate.score === null ? "not judged" : percent(candidate.score);
}

/** A picture in words, for those who do not see it. */
export function alt(candidate) {
  const lacks = candidate.marks.filter((mark) => mark.answer !== "yes").map((mark) => mark.text);
  const said = lacks.length ? `lacks: ${lacks.join("; ")}` : candidate.marks.length ? "has all that was asked" : "not judged";
  return `Candidate ${candidate.id}, ${verdictWords(candidate)}; ${said}`;
}
