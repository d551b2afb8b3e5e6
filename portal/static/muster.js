// What every page can do: ask before something that cannot be undone, keep numbers alive, close menus by Escape.
// Exports window.Muster = { post, live } for the areas' own scripts.
(() => {
  "use strict";
  const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

  /** Send a change as JSON, with the session's token; rejects with the sentence that the portal gave. */
  async function post(path, fields = {}) {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", "x-csrf-token": csrf },
      body: JSON.stringify(fields),
      credentials: "same-origin",
    });
    const text = await answer.text();
    const body = text && (answer.headers.get("content-type") ?? "").includes("json") ? JSON.parse(text) : {};
    if (!answer.ok) throw Object.assign(new Error(body.error ?? `that did not work (${answer.status})`), { body, status: answer.status });
    return body;
  }

  /** Call `show(numbers)` whenever the numbers of a campaign change; gives a function that ends it. */
  function live(campaign, show) {
    const source = new EventSource(`/live/${encodeURIComponent(campaign)}`);
    source.addEventListener("numbers", (event) => show(JSON.parse(event.data)));
    addEventListener("pagehide", () => source.close());
    return () => source.close();
  }

  /** Put live numbers where a page wants them: <span data-live="verified"> below <… data-live-campaign="ID">. */
  function fill(root, numbers) {
    for (const place of root.querySelectorAll("[data-live]")) {
      const value = numbers.shown?.[place.dataset.live];
      if (value === undefined || place.textContent === value) continue;
      place.textContent = value;
      place.classList.remove("fresh");
      void place.offsetWidth;
      place.classList.add("fresh");
    }
    for (const bar of root.querySelectorAll("svg[data-live-bar]")) draw(bar, numbers.bar ?? []);
  }

  function draw(bar, parts) {
    const total = parts.reduce((sum, [number]) => sum + number, 0) || 1;
    let x = 0;
    bar.querySelectorAll("rect:not(.rest)").forEach((one) => one.remove());
    for (const [number, tone] of parts) {
      const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const width = (1000 * number) / total;
      rect.setAttribute("class", tone);
      for (const [key, value] of Object.entries({ x, y: 0, width, height: 10 })) rect.setAttribute(key, String(value));
      bar.append(rect);
      x += width;
    }
  }

  /** A search is looked at until it ends; then the page shows what it found. */
  function watch(place) {
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
      return setTimeout(look, 500);
    }
    setTimeout(look, 300);
  }

  /** What is worked out beside the readers is looked for again. */
  if (document.querySelector("[data-reload]")) setTimeout(() => location.reload(), 2000);

  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
    if (question && !confirm(question)) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.me[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.me[open]")) if (!menu.contains(event.target)) menu.open = false;
    if (event.target.closest?.("[data-print]")) print();
  });
  for (const root of document.querySelectorAll("[data-live-campaign]"))
    live(root.dataset.liveCampaign, (numbers) => {
      fill(root, numbers);
      root.dispatchEvent(new CustomEvent("muster:numbers", { detail: numbers, bubbles: true }));
    });
  for (const place of document.querySelectorAll("[data-progress]")) watch(place);
  document.documentElement.classList.add("js");
  window.Muster = { post, live };
})();
