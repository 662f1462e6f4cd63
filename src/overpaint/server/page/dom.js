/** Elements made from data. Text is only ever set as text, so nothing that a brief or a model says becomes markup. */

/**
 * @param {string} tag
 * @param {Object<string, any>} attributes `on…` is a listener, `true` an attribute without value, null and false none.
 * @param {...(Node|string|number|null|undefined|false|Array)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  return dressed(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function s(tag, attributes = {}, ...children) {
  return dressed(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function dressed(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...kept(children));
  return element;
}

/** Replace all that an element holds. */
export function fill(host, ...children) {
  host.replaceChildren(...kept(children));
  return host;
}

const kept = (children) => children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);

/**
 * Fill an element anew only where what it shows has changed, so that focus and scrolling survive a refresh.
 * @param {HTMLElement} host
 * @param {any} shown JSON of what is shown
 * @param {() => any} build
 */
export function refreshed(host, shown, build) {
  const key = JSON.stringify(shown);
  if (keys.get(host) === key) return;
  keys.set(host, key);
  fill(host, build());
}

const keys = new WeakMap();

/** A button. `kind` is "", "primary", "quiet" or "danger". */
export function button(label, onclick, kind = "", more = {}) {
  return h("button", { type: "button", class: `button ${kind}`, onclick, ...more }, label);
}

/** A labelled field; the hint is read out with it. */
export function field(label, control, hint = "") {
  const id = control.id || nextId();
  control.id = id;
  if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
  return h("div", { class: "field" },
    h("label", { for: id }, label), control, hint && h("small", { id: `${id}-hint` }, hint));
}

let ids = 0;
/** An id that no other element has. */
export const nextId = () => `f${++ids}`;

/** Say something to screen readers, without showing it. */
export function announce(text) {
  document.getElementById("said").textContent = text;
}

/** Do something while a button is disabled, and show beside it what went wrong. */
export async function busy(control, work) {
  const form = control.closest("form, .panel, dialog, header") || control.parentElement;
  form.querySelector(":scope .problem")?.remove();
  control.disabled = true;
  try {
    return await work();
  } catch (error) {
    control.after(problem(error));
    return undefined;
  } finally {
    control.disabled = false;
  }
}

/** What went wrong and what to do next. */
export function problem(error) {
  return h("p", { class: "problem", role: "alert" }, error.message, error.hint && h("span", {}, ` ${error.hint}`));
}

/**
 * A modal dialog, removed when it closes; focus goes back to where it was.
 * @param {string} title
 * @param {any} content
 * @param {{wide?: boolean, closed?: () => void}} options
 */
export function openDialog(title, content, { wide = false, closed = () => {} } = {}) {
  const id = nextId();
  const close = button("Close", () => dialog.close(), "quiet close", { "aria-label": "Close", title: "Close (Esc)" });
  const dialog = h("dialog", { class: wide ? "wide" : "", "aria-labelledby": id },
    h("header", {}, h("h2", { id }, title), close), content);
  fill(close, cross());
  dialog.addEventListener("close", () => {
    dialog.remove();
    closed();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

const cross = () => s("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" },
  s("path", { d: "M3 3l10 10M13 3L3 13" }));
