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
  const board = document.querySelector("[data-timeline]");
  if (board) {
    // on a small screen the day begins where something happens
    const first = board.querySelectorAll(".bar-link > rect");
    const left = Math.min(...[...first].map((one) => Number(one.getAttribute("x"))));
    const scroller = board.querySelector(".tl-scroll");
    if (first.length && left > scroller.clientWidth / 2) scroller.scrollLeft = left - 60;
  }
  if (!board || !("mayChange" in board.dataset)) return;
  const hour = Number(board.dataset.hourWidth);
  const STEP_MIN = 15;
  const rows = [...board.querySelectorAll(".tl-row[data-person]")];
  const panel = document.getElementById("move");
  const answer = panel.querySelector("[data-answer]");
  const says = Object.assign(document.createElement("div"), { className: "tl-says", hidden: true });
  document.body.append(says);
  let held = null;
  let asked = null;

  const snapped = (ms) => Math.round(ms / (STEP_MIN * 60000)) * STEP_MIN * 60000;
  const clock = (ms) => new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone() }).format(ms);
  const zone = () => board.dataset.zone;
  const rowOf = (person) => rows.find((one) => one.dataset.person === person);

  /** The other bars of a visit that several people do: they move in time with it. */
  const teamOf = (bar) => [...board.querySelectorAll(".bar-link")].filter((one) => one !== bar && one.dataset.visit === bar.dataset.visit);

  /** Back to where it is planned. */
  function putBack(bar) {
    const row = bar.closest(".tl-row");
    for (const one of [bar, ...teamOf(bar)]) one.removeAttribute("transform");
    row.removeAttribute("style");
    row.querySelector("svg").removeAttribute("style");
  }

  function take(bar) {
    if (asked) putBack(asked);
    asked = null;
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
    for (const one of teamOf(bar)) one.setAttribute("transform", `translate(${across} 0)`);
    for (const one of rows) one.classList.toggle("over", one.dataset.person === person && person !== from.person);
    for (const one of document.querySelectorAll(".chip")) one.classList.toggle("over", Boolean(day) && one.dataset.day === day);
    says.textContent = `${rowOf(person)?.dataset.name ?? ""}, ${day ? `${day}, ` : ""}${clock(starts)}`;
  }

  function drop(back) {
    if (!held) return;
    const { bar } = held;
    bar.classList.remove("moving");
    says.hidden = true;
    for (const one of document.querySelectorAll(".tl-row.over, .chip.over")) one.classList.remove("over");
    if (back) putBack(bar);
    else asked = bar;
    held = null;
  }

  /** Ask the portal what comes of a wish, and show its answer. */
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
  }

  // --- mouse and pen drag at once; a finger scrolls, and drags what it has rested on for a moment
  const REST_MS = 350;
  const SLIP_PX = 8;
  const EDGE_PX = 36;
  let pressed = null;
  let droppedAt = 0;

  function press(event, bar) {
    const scroller = bar.closest(".tl-scroll");
    pressed = { bar, scroller, x: event.clientX, y: event.clientY, atX: event.clientX, atY: event.clientY, scroll: scroller.scrollLeft };
    pressed.touch = event.pointerType === "touch";
    if (pressed.touch) pressed.timer = setTimeout(lift, REST_MS);
  }

  function lift() {
    if (!pressed || held) return;
    take(pressed.bar);
    navigator.vibrate?.(12);
    follow();
    requestAnimationFrame(scrollAtEdges);
  }

  function release() {
    clearTimeout(pressed?.timer);
    pressed = null;
  }

  /** Put what is held where the pointer is. */
  function follow() {
    const { atX, atY, x, scroll, scroller } = pressed;
    const under = document.elementFromPoint(atX, atY);
    const chip = under?.closest(".chip");
    held.day = chip && chip.getAttribute("aria-current") === null ? chip.dataset.day : "";
    held.person = under?.closest(".tl-row[data-person]")?.dataset.person ?? held.person;
    const across = atX - x + scroller.scrollLeft - scroll;
    held.starts = held.day ? held.from.starts : snapped(held.from.starts + (across / hour) * 3600000);
    show();
    says.hidden = false;
    const lift = pressed.touch ? -56 : 14; // a finger must not hide it
    says.style.left = `${Math.max(8, Math.min(atX + (pressed.touch ? -60 : 14), innerWidth - says.offsetWidth - 8))}px`;
    says.style.top = `${Math.max(8, atY + lift)}px`;
  }

  /** While something is held near an edge, what lies beyond it comes in. */
  function scrollAtEdges() {
    if (!pressed || !held) return;
    const box = pressed.scroller.getBoundingClientRect();
    const name = pressed.scroller.querySelector(".tl-name").offsetWidth;
    const overX = pressed.atX > box.right - EDGE_PX ? 1 : pressed.atX < box.left + name + EDGE_PX ? -1 : 0;
    const overY = pressed.atY > innerHeight - EDGE_PX ? 1 : pressed.atY < EDGE_PX ? -1 : 0;
    const before = [pressed.scroller.scrollLeft, scrollY];
    if (overX && pressed.atY > box.top && pressed.atY < box.bottom) pressed.scroller.scrollLeft += overX * 8;
    if (overY) scrollBy(0, overY * 8);
    if (before[0] !== pressed.scroller.scrollLeft || before[1] !== scrollY) follow();
    requestAnimationFrame(scrollAtEdges);
  }

  addEventListener("pointermove", (event) => {
    if (!pressed) return;
    pressed.atX = event.clientX;
    pressed.atY = event.clientY;
    const slipped = Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y);
    if (!held && pressed.touch) return slipped > SLIP_PX ? release() : undefined;
    if (!held && slipped < 5) return undefined;
    if (!held) lift();
    event.preventDefault();
    return follow();
  });
  addEventListener("pointerup", () => {
    const was = pressed;
    release();
    if (was && held?.bar === was.bar) {
      settle();
      droppedAt = performance.now();
    }
  });
  addEventListener("pointercancel", () => {
    const was = pressed;
    release();
    if (was && held?.bar === was.bar) drop(true);
  });

  for (const bar of board.querySelectorAll(".bar-link")) {
    bar.addEventListener("dragstart", (event) => event.preventDefault());
    bar.addEventListener("contextmenu", (event) => (pressed?.touch || held) && event.preventDefault());
    bar.addEventListener("touchmove", (event) => held && event.preventDefault(), { passive: false });
    bar.addEventListener("click", (event) => performance.now() - droppedAt < 400 && event.preventDefault());
    bar.addEventListener("pointerdown", (event) => event.button === 0 && press(event, bar));

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
