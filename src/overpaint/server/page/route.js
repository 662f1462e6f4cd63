/** Deep links: `#/`, `#/run/THREAD`, `#/run/THREAD/CANDIDATE`, `#/run/THREAD/A/vs/B`, `#/compare/THREAD/THREAD`. */

/**
 * @param {string} hash
 * @returns {{view: "home"|"run"|"compare"|"lost", thread?: string, run?: string, candidate?: string, other?: string}}
 */
export function read(hash) {
  const [path, query] = hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean).map(plain);
  const run = new URLSearchParams(query || "").get("run") || "";
  if (parts.length === 0) return { view: "home" };
  if (parts[0] === "run" && parts.length === 2) return { view: "run", thread: parts[1], run };
  if (parts[0] === "run" && parts.length === 3) return { view: "run", thread: parts[1], run, candidate: parts[2] };
  if (parts[0] === "run" && parts.length === 5 && parts[3] === "vs")
    return { view: "run", thread: parts[1], run, candidate: parts[2], other: parts[4] };
  if (parts[0] === "compare" && parts.length <= 3) return { view: "compare", thread: parts[1], other: parts[2] };
  return { view: "lost" };
}

function plain(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The link of a run, of one candidate of it, or of two beside each other. */
export function toRun(thread, candidate = "", other = "", run = "") {
  const parts = [thread, candidate, ...(other ? ["vs", other] : [])].filter(Boolean);
  return `#/run/${parts.map(encodeURIComponent).join("/")}${run ? `?run=${encodeURIComponent(run)}` : ""}`;
}

/** The link of two runs side by side. */
export const toCompare = (one, two = "") => `#/compare/${[one, two].filter(Boolean).map(encodeURIComponent).join("/")}`;

/** Go somewhere. */
export const go = (hash) => {
  location.hash = hash;
};
