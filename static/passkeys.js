// Why a passkey was not used, told beside its button: allauth's script tells the console only.
"use strict";

document.addEventListener("allauth.error", (event) => {
  const told = document.querySelector("[data-passkey-trouble]");
  if (!told) return;
  event.preventDefault();
  const name = event.detail.exception?.name;
  const why = !window.isSecureContext || name === "SecurityError" ? "place"
    : name === "InvalidStateError" ? "known" : "other";
  for (const line of told.children) line.hidden = line.dataset.why !== why;
  told.hidden = false;
  told.focus();
});
