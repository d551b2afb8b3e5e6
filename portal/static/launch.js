// The guide: a choice or a corrected cell is sent at once.
(() => {
  "use strict";
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.matches("[data-target]")) field.closest(".column").classList.toggle("unused", !field.value);
    if (field.matches("[data-send]")) field.form.requestSubmit();
  });
})();
