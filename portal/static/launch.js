// The guide: a choice or a corrected cell is sent at once, and a search is looked at until it ends.
(() => {
  "use strict";
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.matches("[data-target]")) field.closest(".column").classList.toggle("unused", !field.value);
    if (field.matches("[data-send]")) field.form.requestSubmit();
  });

  const place = document.querySelector("[data-progress]");
  if (!place) return;
  const bar = place.querySelector("progress");
  const words = place.querySelector("[data-words]");
  async function look() {
    try {
      const answer = await fetch(place.dataset.progress, { headers: { accept: "application/json" }, credentials: "same-origin" });
      const now = await answer.json();
      if (now.ended || !answer.ok) return location.reload();
      bar.value = now.share;
      words.textContent = now.words;
    } catch {
      words.textContent = "The portal cannot be reached just now; looking again.";
    }
    setTimeout(look, 500);
  }
  setTimeout(look, 300);
})();
