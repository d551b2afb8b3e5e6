// The timeline: a visit is dragged, or moved by the arrow keys, and the portal says at once what breaks.
(() => {
  "use strict";
  for (const one of document.querySelectorAll(".strip [aria-current], .tabs [aria-current]")) {
    const list = one.closest("ol, nav");
    list.scrollLeft = one.offsetLeft - list.offsetLeft - (list.clientWidth - one.offsetWidth) / 2;
  }
  // The board: numbers move by themselves; that somebody stopped the campaign, or a wave ended, is said.
  document.addEventListener("muster:numbers", (event) => {
    const news = document.querySelector("[data-news]");
    if (!news) return;
    const { stopped, wave } = event.detail;
    const now = wave ? `${wave.number} ${wave.state}` : "";
    let said = "";
    if (String(stopped) !== news.dataset.stopped) said = stopped ? "Somebody has stopped the campaign." : "The campaign may go on.";
    else if (now !== news.dataset.wave) said = `Wave ${now.replace("open", "is under way").replace("passed", "has passed").replace("halted", "has halted")}.`;
    news.hidden = !said;
    const words = news.querySelector("span");
    if (said && words.textContent !== said) words.textContent = said;
  });
  if (document.querySelector("[data-reload]")) setTimeout(() => location.reload(), 2000);
  const board = document.querySelector("[data-timeline]");
  if (!board || !("mayChange" in board.dataset)) return;
  const hour = Number(board.dataset.hourWidth);
  const STEP_MIN = 15;
  const start = Date.parse(board.dataset.start);
  const rows = [...board.querySelectorAll(".tl-row[data-person]")];
  const panel = document.getElementById("move");
  const answer = panel.querySelector("[data-answer]");
  const says = Object.assign(document.createElement("div"), { className: "tl-says", hidden: true });
  document.body.append(says);
  let held = null;

  const snapped = (ms) => Math.round(ms / (STEP_MIN * 60000)) * STEP_MIN * 60000;
  const clock = (ms) => new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone() }).format(ms);
  const zone = () => board.dataset.zone;
  const rowOf = (person) => rows.find((one) => one.dataset.person === person);

  function take(bar) {
    const from = { starts: Date.parse(bar.dataset.start), person: bar.dataset.person, row: bar.closest(".tl-row") };
    held = { bar, from, starts: from.starts, person: from.person, day: "" };
    bar.classList.add("moving");
  }

  function show() {
    const { bar, from, starts, person, day } = held;
    const across = ((starts - from.starts) / 3600000) * hour;
    const down = rowOf(person) ? rowOf(person).offsetTop - from.row.offsetTop : 0;
    from.row.querySelector("svg").style.overflow = "visible";
    from.row.style.position = "relative";
    from.row.style.zIndex = "3";
    bar.setAttribute("transform", `translate(${across} ${down})`);
    for (const one of rows) one.classList.toggle("over", one.dataset.person === person && person !== from.person);
    for (const one of document.querySelectorAll(".chip")) one.classList.toggle("over", Boolean(day) && one.dataset.day === day);
    says.textContent = `${rowOf(person)?.dataset.name ?? ""}, ${day ? `${day}, ` : ""}${clock(starts)}`;
  }

  function drop(back) {
    if (!held) return;
    const { bar, from } = held;
    bar.classList.remove("moving");
    says.hidden = true;
    for (const one of document.querySelectorAll(".tl-row.over, .chip.over")) one.classList.remove("over");
    if (back) {
      bar.removeAttribute("transform");
      from.row.removeAttribute("style");
      from.row.querySelector("svg").removeAttribute("style");
    }
    held = null;
  }

  /** The instant of the same local time on another day: what the server makes of date and time. */
  async function ask(what, wish) {
    answer.setAttribute("aria-busy", "true");
    panel.hidden = false;
    try {
      const got = await Muster.post(board.dataset.path, { ...wish, do: what });
      if (got.there) return location.assign(got.there);
      answer.innerHTML = got.html;
      const row = Object.assign(document.createElement("div"), { className: "row answer-do" });
      const more = (label, next, look) => {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: label, className: look });
        button.addEventListener("click", () => ask(next, wish));
        row.append(button);
      };
      if (what === "check") more("What else moves?", "move", got.breaks ? "primary" : "");
      if (what === "check" && !got.breaks) more("Propose this", "propose", "primary");
      if (what === "move" && got.proposal) more("Propose this", "propose", "primary");
      const undo = Object.assign(document.createElement("a"), { href: location.pathname + location.search.replace(/&?visit=[^&]*/, ""), textContent: "Leave it where it was", className: "button" });
      row.append(undo);
      answer.append(row);
    } catch (error) {
      const said = Object.assign(document.createElement("p"), { className: "said bad", textContent: error.message });
      answer.replaceChildren(said);
    } finally {
      answer.removeAttribute("aria-busy");
      panel.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    }
  }

  function wished() {
    const { bar, from, starts, person, day } = held;
    const wish = { visit: bar.dataset.visit, person, instead_of: from.person };
    if (!day) return { ...wish, starts_at: new Date(starts).toISOString() };
    return { ...wish, starts_at: new Date(starts).toISOString(), onto_day: day };
  }

  function settle() {
    const moved = held.starts !== held.from.starts || held.person !== held.from.person || held.day;
    const wish = moved ? wished() : null;
    drop(!moved);
    if (wish) ask("check", wish);
    return Boolean(moved);
  }

  // --- pointer
  for (const bar of board.querySelectorAll(".bar-link")) {
    let pressed = null;
    bar.addEventListener("dragstart", (event) => event.preventDefault());
    bar.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return; // a finger scrolls; the form moves
      pressed = { x: event.clientX, y: event.clientY, scroll: bar.closest(".tl-scroll").scrollLeft };
    });
    addEventListener("pointermove", (event) => {
      if (!pressed) return;
      const across = event.clientX - pressed.x + bar.closest(".tl-scroll").scrollLeft - pressed.scroll;
      if (!held && Math.hypot(across, event.clientY - pressed.y) < 5) return;
      if (!held) take(bar);
      event.preventDefault();
      const under = document.elementFromPoint(event.clientX, event.clientY);
      const chip = under?.closest(".chip");
      held.day = chip && chip.getAttribute("aria-current") === null ? chip.dataset.day : "";
      held.person = under?.closest(".tl-row[data-person]")?.dataset.person ?? held.person;
      held.starts = held.day ? held.from.starts : snapped(held.from.starts + (across / hour) * 3600000);
      show();
      says.hidden = false;
      says.style.left = `${event.clientX + 14}px`;
      says.style.top = `${event.clientY + 14}px`;
    });
    addEventListener("pointerup", () => {
      const was = pressed;
      pressed = null;
      if (was && held && held.bar === bar && settle()) bar.addEventListener("click", (event) => event.preventDefault(), { once: true });
    });
    addEventListener("pointercancel", () => {
      pressed = null;
      if (held?.bar === bar) drop(true);
    });

    // --- keyboard
    bar.addEventListener("keydown", (event) => {
      const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      if (event.key === "Escape" && held) return drop(true);
      if (event.key === "Enter" && held) {
        event.preventDefault();
        settle();
        return undefined;
      }
      const way = ways[event.key];
      if (!way) return undefined;
      event.preventDefault();
      if (!held) take(bar);
      held.starts += way[0] * STEP_MIN * 60000;
      const next = rows.indexOf(rowOf(held.person)) + way[1];
      if (rows[next]) held.person = rows[next].dataset.person;
      show();
      const box = bar.getBoundingClientRect();
      says.hidden = false;
      says.style.left = `${box.left}px`;
      says.style.top = `${box.bottom + 6}px`;
      return undefined;
    });
    bar.addEventListener("blur", () => {
      if (held?.bar === bar && !pressed) drop(true);
    });
  }
})();
