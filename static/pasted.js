// A pasted list survives an error between sending it and the answer: the session's end, a lost
// connection, a server that is down. It is kept in this tab only, from the moment it is sent until
// the next page inside an organization, and given back to the same person only.
"use strict";

const LIST = "patchbay-list";
const field = document.querySelector("textarea[data-keep]");

function keep() {
  try {
    sessionStorage.setItem(LIST, JSON.stringify([field.dataset.keep, field.value]));
  } catch {
    sessionStorage.removeItem(LIST); // longer than the browser keeps
  }
}

function restore() {
  const [owner, text] = JSON.parse(sessionStorage.getItem(LIST) ?? "[]");
  if (owner === field.dataset.keep && text && !field.value) field.value = text;
}

if (field) {
  restore();
  addEventListener("pageshow", restore);
  field.form.addEventListener("submit", keep);
}
