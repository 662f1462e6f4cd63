/** The server: overpaint's own routes and LangGraph's, with the key where the server wants one. */

const KEY = "overpaint-key";
const AGENT = "agent";

/** What the server refused, in its words. */
export class Refused extends Error {
  constructor(status, message, hint = "") {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

/** An address of the server, also where the page is mounted under a path. */
export const address = (path) => new URL(path.replace(/^\//, ""), document.baseURI).href;

export const setKey = (key) => sessionStorage.setItem(KEY, key);
export const hasKey = () => Boolean(sessionStorage.getItem(KEY));

/** How a key is asked for; set by app.js. Resolves when there is a new one to try. */
let askForKey = () => Promise.reject(new Refused(401, "this server needs a key"));
export const onUnauthorised = (ask) => {
  askForKey = ask;
};

/**
 * @param {string} path
 * @param {RequestInit} options
 * @returns {Promise<Response>} a good one
 */
export async function request(path, options = {}) {
  const key = sessionStorage.getItem(KEY);
  const headers = { ...options.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  let response;
  try {
    response = await fetch(address(path), { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The server does not answer.", "See whether it still runs, then try again.");
  }
  if (response.ok) return response;
  if (response.status !== 401) throw await refusal(response);
  await askForKey(Boolean(key));
  return request(path, options);
}

async function refusal(response) {
  const text = await response.text();
  let said;
  try {
    said = JSON.parse(text);
  } catch {
    said = { detail: text.slice(0, 300) };
  }
  const detail = said.error?.message || said.detail || said.message || response.statusText;
  const message = typeof detail === "string" ? detail : JSON.stringify(detail);
  const wait = response.headers.get("Retry-After");
  const hint = said.error?.hint || (wait ? `Try again in ${wait} seconds.` : "");
  return new Refused(response.status, message, hint);
}

const json = async (path, options) => (await request(path, options)).json();
const send = (path, body, method = "POST") =>
  json(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
const of = (thread) => `overpaint/threads/${encodeURIComponent(thread)}`;
const runs = (thread) => `threads/${encodeURIComponent(thread)}/runs`;

export const listRuns = (limit = 24, offset = 0) => json(`overpaint/threads?limit=${limit}&offset=${offset}`);
export const readRun = (thread, run = "") => json(of(thread) + (run ? `?run=${encodeURIComponent(run)}` : ""));
export const fork = (thread, change) => send(`${of(thread)}/fork`, change);
export const reopen = (thread, settings) => send(`${of(thread)}/reopen`, { settings });

let known;
/** Presets and settings; asked for once. */
export const options = () => {
  known ||= json("overpaint/options").catch((error) => {
    known = undefined;
    throw error;
  });
  return known;
};

/** Keep a picture on the server, to start a run from. */
export const upload = (picture) =>
  json("overpaint/pictures", { method: "POST", headers: { "Content-Type": picture.type || "image/png" }, body: picture });

/** A new thread for a new run. */
export const newThread = async () => (await send("threads", { metadata: { graph_id: AGENT } })).thread_id;

/**
 * Set a thread to work in the background: with an input, an answer to its questions, or neither, to go on.
 * @param {{input?: any, command?: any, context?: any}} given
 * @returns {Promise<{run_id: string}>}
 */
export function work(thread, given) {
  const how = {
    assistant_id: AGENT, stream_mode: ["updates", "custom"], stream_subgraphs: true,
    stream_resumable: true, durability: "sync", multitask_strategy: "reject",
  };
  return send(runs(thread), { input: null, ...given, ...how });
}

/** The latest of LangGraph's runs on a thread; null where there was none, as on the command line, or no such thread. */
export async function latestWork(thread) {
  try {
    return (await json(`${runs(thread)}?limit=1`))[0] || null;
  } catch (error) {
    if ([404, 422].includes(error.status)) return null;
    throw error;
  }
}

export const cancel = (thread, run) => request(`${runs(thread)}/${run}/cancel?wait=true&action=interrupt`, { method: "POST" });

/** The events of a run at work, from after one of them; "-1" is from the first. */
export const joined = (thread, run, after, signal) =>
  request(`${runs(thread)}/${run}/stream`, { headers: { "Last-Event-ID": after, Accept: "text/event-stream" }, signal });

/** Save what an address gives as a file. Fetched, since a link would not carry the key. */
export async function save(path, name) {
  const blob = await (await request(path)).blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export const exportPath = (thread) => `${of(thread)}/export`;
export const sheetPath = (thread) => `${of(thread)}/sheet`;
