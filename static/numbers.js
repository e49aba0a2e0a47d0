// The list of numbers: marking rows, and a bar that asks only for what its action needs.
"use strict";

const bulk = document.querySelector("[data-bulk]");
const bar = bulk?.querySelector("[data-bulk-bar]");

function ticks() {
  return [...bulk.querySelectorAll("tbody input[name=number]")];
}

function show() {
  const all = bulk.elements.all.checked;
  const marked = ticks().filter((tick) => tick.checked);
  for (const tick of ticks()) tick.closest("tr").setAttribute("aria-selected", tick.checked || all);
  const sum = bar.querySelector("[data-marked]");
  sum.textContent = marked.length === 1 ? sum.dataset.one : sum.dataset.many.replace("#", marked.length);
  sum.hidden = all || !marked.length;
  bar.classList.toggle("is-lit", all || marked.length > 0);
  const page = bulk.querySelector("[data-mark-page] input");
  page.checked = marked.length > 0 && marked.length === ticks().length;
  page.indeterminate = marked.length > 0 && !page.checked;
  for (const option of bar.querySelectorAll("[data-option]")) {
    option.hidden = option.dataset.option !== bulk.elements.action.value;
  }
}

let last = null;

// With shift, all between this tick and the one before it.
function stretch(event) {
  const tick = event.target.closest("input[name=number]");
  if (!tick) return;
  const rows = ticks();
  if (event.shiftKey && last) {
    const [from, to] = [rows.indexOf(last), rows.indexOf(tick)].sort((a, b) => a - b);
    for (const between of rows.slice(from, to + 1)) between.checked = tick.checked;
  }
  last = tick;
  show();
}

if (bar) {
  const page = bulk.querySelector("[data-mark-page]");
  page.hidden = false;
  page.addEventListener("change", (event) => {
    for (const tick of ticks()) tick.checked = event.target.checked;
    show();
  });
  bulk.addEventListener("change", show);
  bulk.addEventListener("click", stretch);
  addEventListener("pageshow", show);
  show();
}
