/** A reference picture: dropped, picked or pasted, and kept on the server as soon as it is there. */

import { address, upload } from "./api.js";
import { announce, button, fill, h, problem } from "./dom.js";

const KINDS = "image/png,image/jpeg,image/webp,image/gif";

/**
 * @param {HTMLElement} area where a picture may be dropped or pasted as well
 * @param {any} before a picture that the server has already
 * @returns {{element: HTMLElement, picture: () => any}} `picture` is what the server answered; null without one
 */
export function pictureInput(area, before = null) {
  let kept = null;
  const file = h("input", { type: "file", accept: KINDS, class: "hidden", id: "reference", onchange: () => take(file.files[0]) });
  const element = h("div", { class: "drop" });
  const empty = () => {
    kept = null;
    file.value = "";
    fill(element, file, h("label", { for: "reference" }, h("b", {}, "Start from a picture"), h("small", {}, "drop, paste or choose one")));
  };
  const take = async (picture) => {
    if (!picture) return;
    fill(element, h("p", { class: "soft" }, "Sending the picture…"));
    try {
      kept = await upload(picture);
    } catch (error) {
      empty();
      element.append(problem(error));
      return;
    }
    announce("The picture is there.");
    show();
  };
  const show = () => {
    const away = button("Take it away", () => {
      empty();
      file.focus();
    }, "quiet");
    fill(element, h("img", { src: address(kept.thumb || kept.url), alt: "The picture to start from" }), away);
  };
  empty();
  if (before) {
    kept = before;
    show();
  }
  listen(area, element, take);
  return { element, picture: () => kept };
}

function listen(area, element, take) {
  const over = (on) => (event) => {
    if (![...(event.dataTransfer?.types || [])].includes("Files")) return;
    event.preventDefault();
    element.classList.toggle("over", on);
  };
  area.addEventListener("dragover", over(true));
  area.addEventListener("dragleave", over(false));
  area.addEventListener("drop", (event) => {
    over(false)(event);
    take([...event.dataTransfer.files].find((file) => file.type.startsWith("image/")));
  });
  area.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find((found) => found.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    take(file);
  });
}
