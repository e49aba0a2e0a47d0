// The keyboard: single keys in pages and lists, and the palette of commands (Ctrl+K).
// Single keys can be switched off (WCAG 2.1.4); nothing here is the only way to anything.
"use strict";

const OFF = "patchbay-keys-off";
const help = () => document.getElementById("keys");
const palette = () => document.getElementById("palette");

function isTyping(target) {
  return target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) &&
    !/^(checkbox|radio|button|submit)$/.test(target.type);
}

// --- lists: j and k go, x selects, o opens ---
const rows = () => [...document.querySelectorAll("main table tbody tr")];

function go(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("is-here"));
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  all[at]?.classList.remove("is-here");
  next.classList.add("is-here");
  (next.querySelector("a[href]") || next.querySelector("input, button"))?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

const here = () => document.querySelector("main table tbody tr.is-here");

const KEYS = {
  "/": () => document.getElementById("search")?.focus(),
  "?": () => help()?.showModal(),
  "j": () => go(1),
  "k": () => go(-1),
  "x": () => here()?.querySelector("input[type=checkbox]")?.click(),
  "o": () => here()?.querySelector("a[href]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  const isOff = localStorage.getItem(OFF) || event.ctrlKey || event.metaKey;
  if (isOff || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const action = Object.hasOwn(KEYS, event.key) && KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

// --- the palette: everything this page links to, and a search ---
function commands() {
  const links = [...document.querySelectorAll(".side a, .actions a, .menu-panel a")];
  return links.map((link) => ({ text: link.textContent.trim(), url: link.href }));
}

function matches(wanted) {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const found = commands().filter(({ text }) => words.every((w) => text.toLowerCase().includes(w)));
  const form = document.querySelector(".top-search");
  if (form && wanted.trim()) {
    const text = palette().dataset.search.replace("%s", wanted.trim());
    found.push({ text, url: `${form.action}?q=${encodeURIComponent(wanted.trim())}` });
  }
  return found.slice(0, 12);
}

function show() {
  const list = palette().querySelector("[role=listbox]");
  list.replaceChildren(...matches(palette().querySelector("input").value).map(option));
  choose(0);
}

function option({ text, url }, place) {
  const item = document.createElement("li");
  item.role = "option";
  item.id = `palette-${place}`;
  item.textContent = text;
  item.dataset.url = url;
  item.addEventListener("click", () => location.assign(url));
  return item;
}

const options = () => [...palette().querySelectorAll("[role=option]")];
const chosen = () => options().findIndex((item) => item.ariaSelected === "true");

function choose(place) {
  const all = options();
  const at = all.length ? (place + all.length) % all.length : -1;
  all.forEach((item, i) => { item.ariaSelected = i === at; });
  palette().querySelector("input").setAttribute("aria-activedescendant", all[at]?.id ?? "");
  all[at]?.scrollIntoView({ block: "nearest" });
}

function openPalette() {
  const dialog = palette();
  if (!dialog || dialog.open) return;
  dialog.querySelector("input").value = "";
  dialog.showModal();
  show();
}

function steer(event) {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in steps) choose(chosen() + steps[event.key]);
  else if (event.key === "Enter") location.assign(options()[chosen()]?.dataset.url ?? location.href);
  else return;
  event.preventDefault();
}

document.addEventListener("DOMContentLoaded", () => {
  const input = palette()?.querySelector("input");
  input?.addEventListener("input", show);
  input?.addEventListener("keydown", steer);
  for (const button of document.querySelectorAll("[data-open]")) {
    button.hidden = false;
    button.addEventListener("click", () =>
      button.dataset.open === "palette" ? openPalette() : help().showModal());
  }
  const toggle = document.getElementById("keys-on");
  if (!toggle) return;
  toggle.checked = !localStorage.getItem(OFF);
  toggle.addEventListener("change", () =>
    toggle.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "yes"));
});
