// Small conveniences on every page. Nothing depends on them: forms and tables work without.
"use strict";

// The reader's time zone, for the times of the next page.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes("patchbay_zone=")) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `patchbay_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

// What scripts make useful is hidden without them.
function reveal(root) {
  for (const part of root.querySelectorAll("[data-copy][hidden], [data-find][hidden]")) part.hidden = false;
}

// A long menu is narrowed by what is typed above it.
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-find]")) return;
  const wanted = event.target.value.toLowerCase();
  for (const entry of event.target.closest(".menu-panel").querySelectorAll(".menu-list > li")) {
    entry.hidden = !entry.textContent.toLowerCase().includes(wanted);
  }
});

// The side bar is a fold on phones and always open elsewhere.
function unfold() {
  const wide = matchMedia("(min-width: 900px)").matches;
  for (const fold of document.querySelectorAll("[data-fold]")) fold.open = wide;
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 1500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// What an opened fold asks for can be typed at once.
document.addEventListener("toggle", (event) => {
  if (event.target.open) event.target.querySelector("[data-typed]")?.focus();
}, true);

// What static/pasted.js keeps of a list is for the way back from an error: a page inside an
// organization is none.
function forget() {
  const isInside = document.querySelector(".side");
  if (isInside && !document.querySelector("[data-keep]")) sessionStorage.removeItem("patchbay-list");
}

document.addEventListener("DOMContentLoaded", () => {
  reveal(document);
  forget();
  unfold();
  const wrong = ".has-errors :is(input, select, textarea)";
  (document.querySelector("[data-focus]") ?? document.querySelector(wrong))?.focus();
});
document.addEventListener("htmx:load", (event) => reveal(event.target));
matchMedia("(min-width: 900px)").addEventListener("change", unfold);
