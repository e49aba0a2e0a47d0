// Tables with boxes to pick: all at once, and how many are. The boxes work without.
"use strict";

for (const form of document.querySelectorAll("[data-picking]")) {
  const boxes = [...form.querySelectorAll("[data-pick]")];
  const all = form.querySelector("[data-pick-all]");
  const count = form.querySelector("[data-picked]");

  const tell = () => {
    const picked = boxes.filter((box) => box.checked).length;
    if (count) count.textContent = picked ? `(${picked})` : "";
    if (all) {
      all.checked = picked === boxes.length;
      all.indeterminate = picked > 0 && picked < boxes.length;
    }
  };
  if (all && boxes.length) {
    all.hidden = false;
    all.addEventListener("change", () => {
      for (const box of boxes) box.checked = all.checked;
      tell();
    });
  }
  form.addEventListener("change", tell);
  tell();
}
