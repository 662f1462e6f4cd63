/** The page: shows what the address names, and asks for a key where the server wants one. */

import { onUnauthorised, setKey } from "./api.js";
import { compare } from "./compare.js";
import { button, fill, field, h, openDialog, problem } from "./dom.js";
import { home } from "./home.js";
import { read } from "./route.js";
import { RunPage } from "./run.js";

const NAME = "overpaint";
const main = document.getElementById("main");
let open = null;
let shown = 0;

const title = (text) => {
  document.title = `${text} · ${NAME}`;
};

/** Show what the address names; within one run the run's page itself does. */
async function show() {
  const place = read(location.hash);
  if (open && place.view === "run" && place.thread === open.thread && (place.run === open.turn || place.candidate)) return open.at(place);
  open?.leave();
  open = null;
  for (const link of document.querySelectorAll(".top nav a")) mark(link, place.view);
  const turn = ++shown;
  title("Loading");
  main.setAttribute("aria-busy", "true");
  try {
    const view = await viewOf(place);
    if (turn !== shown) return view.leave?.();
    title(view.title);
    fill(main, view.element);
    focusTitle(turn);
  } catch (error) {
    if (turn === shown) refuse(error);
  } finally {
    if (turn === shown) main.removeAttribute("aria-busy");
  }
  return undefined;
}

function mark(link, view) {
  if (link.hash === { home: "#/", compare: "#/compare" }[view]) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}

async function viewOf(place) {
  if (place.view === "home") return home();
  if (place.view === "compare") return compare(place);
  if (place.view === "run") return runView(place);
  throw Object.assign(new Error("There is no such page."), { hint: "The address may have been cut off." });
}

async function runView(place) {
  const page = new RunPage(place, title);
  open = page;
  page.place = { candidate: place.candidate, other: place.other };
  fill(main, page.element);
  await page.open();
  return { title: document.title.split(" · ").slice(0, -1).join(" · "), element: page.element, leave: () => page.leave() };
}

/** The first page keeps the focus where the browser puts it; later ones begin at their title. */
function focusTitle(turn) {
  if (turn > 1 && !document.querySelector("dialog[open]")) (main.querySelector("h1[tabindex]") || main).focus({ preventScroll: true });
  if (turn > 1) scrollTo(0, 0);
}

function refuse(error) {
  title("A problem");
  fill(main, h("div", { class: "panel" }, h("h1", {}, "That did not work"), problem(error),
    h("p", { class: "row" }, button("Try again", show, "primary"), h("a", { class: "button", href: "#/" }, "All runs"))));
}

let asking = null;

/** Ask for the key, once for all requests that need it. */
function askKey(refused) {
  asking ||= new Promise((resolve, reject) => {
    const input = h("input", { type: "password", autocomplete: "current-password", required: true, spellcheck: "false" });
    const form = h("form", { class: "stack" },
      h("p", {}, "This server needs a key of its OVERPAINT_API_KEYS. It is kept in this tab until you close it."),
      refused && problem(new Error("The key was not accepted.")),
      field("Key", input), h("div", { class: "row end" }, h("button", { class: "button primary", type: "submit" }, "Go on")));
    let given = false;
    const dialog = openDialog("Key", form, {
      closed: () => {
        asking = null;
        if (given) resolve();
        else reject(Object.assign(new Error("This server needs a key."), { status: 401, hint: "Ask whoever runs it for one." }));
      },
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      setKey(input.value.trim());
      given = true;
      dialog.close();
    });
    input.focus();
  });
  return asking;
}

onUnauthorised(askKey);
// The address after # is the page's own, so the link to the content is followed by hand.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", show);
show();
