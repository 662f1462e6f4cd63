/** Server-sent events read with fetch, which can send a key and the id of the last event seen. */

import { joined, latestWork } from "./api.js";

const PAUSE = 400;

/**
 * The events in a body of text/event-stream.
 * @param {ReadableStream<Uint8Array>} body
 */
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split(/\r?\n\r?\n/);
    text = blocks.pop();
    for (const block of blocks) {
      const event = parsed(block);
      if (event) yield event;
    }
  }
}

function parsed(block) {
  const event = { name: "message", data: "", id: "" };
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue; // a comment keeps the connection open
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (line.startsWith("event:")) event.name = value;
    else if (line.startsWith("data:")) event.data += value;
    else if (line.startsWith("id:")) event.id = value;
  }
  return event.data ? { ...event, data: JSON.parse(event.data) } : null;
}

/**
 * Follow a run to its end, from its first event, and through broken connections.
 * @param {string} thread
 * @param {string} run
 * @param {(event: {name: string, data: any}) => void} heard
 * @param {AbortSignal} signal
 * @returns {Promise<string>} the status LangGraph gives the run at its end
 */
export async function follow(thread, run, heard, signal) {
  let last = "-1";
  for (;;) {
    let hearing = false;
    try {
      for await (const event of events((await joined(thread, run, last, signal)).body)) {
        last = event.id || last;
        hearing = true;
        heard(event);
        hearing = false;
      }
    } catch (error) {
      if (hearing || signal.aborted || error.status >= 400) throw error; // all else is a broken connection
    }
    const latest = await latestWork(thread).catch(() => null);
    if (latest && (latest.run_id !== run || !["pending", "running"].includes(latest.status))) return latest.status;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    signal.throwIfAborted();
  }
}
