// For people in the field: what they enter is kept on the device first and sent as soon as there is a connection, once.
// Each entry has a key that is made when it is entered; the portal keeps one entry for one key, however often it comes.
(() => {
  "use strict";
  const root = document.querySelector("[data-field]");
  if (!root) return;
  const account = root.dataset.account;
  const scope = root.dataset.scope;
  const LONGEST_SIDE = 1600;
  const AGAIN_MS = 15000;
  const LONGEST_SEND_MS = 120000;
  const LONGEST_LOOK_MS = 10000;
  const NO_CONNECTION = "No connection. It is kept on this device and sent as soon as there is one.";

  // --- the device's own store
  const opened = new Promise((resolve, reject) => {
    if (!window.indexedDB) return reject(new Error("no store"));
    const request = indexedDB.open("muster-field", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("entries", { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  opened.catch(() => {});

  async function store(mode, act) {
    const database = await opened;
    return new Promise((resolve, reject) => {
      const transaction = database.transaction("entries", mode);
      const request = act(transaction.objectStore("entries"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  const add = (entry) => store("readwrite", (entries) => entries.put(entry));
  const drop = (id) => store("readwrite", (entries) => entries.delete(id));
  async function mine() {
    const all = await store("readonly", (entries) => entries.getAll());
    return all.filter((one) => one.account === account).sort((a, b) => (a.at < b.at ? -1 : 1));
  }

  // --- entering
  const key = () => (crypto.randomUUID ? crypto.randomUUID() : Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join(""));

  async function smaller(file) {
    if (!file.type.startsWith("image/") || !window.createImageBitmap) return file;
    try {
      const picture = await createImageBitmap(file);
      const share = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * share);
      canvas.height = Math.round(picture.height * share);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.82));
      return blob ?? file;
    } catch {
      return file; // the portal says whether it is one
    }
  }

  async function entryOf(form) {
    const fields = [];
    const files = [];
    for (const [name, value] of new FormData(form)) {
      if (value instanceof File) {
        if (value.size) files.push({ name, blob: await smaller(value) });
      } else if (!["csrf", "key", "said_at"].includes(name)) fields.push([name, value]);
    }
    return { id: key(), account, path: new URL(form.action).pathname, fields, files, at: new Date().toISOString(), label: form.dataset.keep, page: location.pathname };
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.dataset.keep || form.dataset.plain) return;
    event.preventDefault();
    const button = form.querySelector('button[type="submit"]');
    button.disabled = true;
    try {
      await add(await entryOf(form));
    } catch {
      form.dataset.plain = "1"; // no store here: sent as any form is
      button.disabled = false;
      return form.requestSubmit();
    }
    form.reset();
    form.closest("details")?.removeAttribute("open");
    button.disabled = false;
    await show();
    send();
  });

  // --- sending
  let token = document.querySelector('meta[name="csrf"]')?.content ?? "";
  async function freshToken() {
    const answer = await fetch(scope, { credentials: "same-origin", cache: "no-store" }).catch(() => null); // not everybody has an account
    const text = answer?.ok ? await answer.text() : "";
    return /<meta name="csrf" content="([^"]+)"/.exec(text)?.[1] ?? token;
  }

  function body(entry) {
    const form = new FormData();
    form.append("csrf", token);
    form.append("key", entry.id);
    form.append("said_at", entry.at);
    for (const [name, value] of entry.fields) form.append(name, value);
    for (const file of entry.files) form.append(file.name, file.blob, "photo.jpg");
    return form;
  }

  const post = (entry) => fetch(entry.path, { method: "POST", body: body(entry), headers: { accept: "application/json" }, credentials: "same-origin", signal: AbortSignal.timeout?.(LONGEST_SEND_MS) });

  /** Send what waits, in order; gives where to go on when everything is sent. */
  async function sendAll() {
    let next = "";
    for (const entry of await mine()) {
      if (entry.refused) continue;
      let answer = await post(entry);
      if ([400, 403].includes(answer.status)) {
        const before = token;
        token = await freshToken();
        if (token !== before) answer = await post(entry);
      }
      if (answer.ok && (answer.headers.get("content-type") ?? "").includes("json")) {
        next = (await answer.json()).next ?? "";
        await drop(entry.id);
      } else if (answer.status === 401 || answer.redirected) {
        throw Object.assign(new Error("Please log in again; it is sent after that."), { told: true });
      } else if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
        const said = await answer.json().catch(() => ({}));
        await add({ ...entry, refused: said.error ?? `not taken (${answer.status})` });
      } else throw Object.assign(new Error("The portal cannot take it just now; it is sent again in a moment."), { told: true });
    }
    return next;
  }

  let sending = false;
  async function send() {
    if (sending) return;
    sending = true;
    try {
      const before = (await mine()).filter((one) => !one.refused);
      if (before.length) {
        const one = () => sendAll();
        const next = navigator.locks ? await navigator.locks.request("muster-field", one) : await one();
        heard(true);
        await show();
        if (!(await mine()).length && next !== undefined) {
          if (next && next !== location.pathname && before.some((e) => e.page === location.pathname)) location.assign(next);
          else location.reload();
        }
      }
    } catch (error) {
      heard(Boolean(error.told)); // an answer that is a no is an answer
      await show(error.told ? error.message : NO_CONNECTION);
    } finally {
      sending = false;
    }
  }

  // --- showing what waits
  async function show(why = "") {
    const entries = await mine().catch(() => []);
    for (const place of document.querySelectorAll("[data-after]")) {
      if (entries.some((one) => one.path === place.dataset.after && !one.refused)) place.hidden = false; // begun, only not sent yet
    }
    for (const place of document.querySelectorAll("[data-waiting]")) {
      place.hidden = entries.length === 0;
      const list = place.querySelector("[data-waiting-list]");
      list.replaceChildren(...entries.map(line));
      place.querySelector("[data-waiting-why]").textContent = why || (entries.every((e) => e.refused) ? "" : isAway() ? NO_CONNECTION : "Being sent…");
    }
  }

  function line(entry) {
    const item = document.createElement("li");
    const text = document.createElement("span");
    text.textContent = entry.refused ? `${entry.label}: ${entry.refused}` : `${entry.label}, ${new Date(entry.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
    item.append(text);
    if (entry.refused) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "small";
      button.textContent = "Discard";
      button.addEventListener("click", async () => { await drop(entry.id); await show(); });
      item.append(button);
    }
    return item;
  }

  // --- machines as they stand
  const WRITING = "textarea, input:not([type=file]), select";
  async function refresh(place) {
    if (document.hidden || (place.contains(document.activeElement) && document.activeElement.matches(WRITING))) return;
    let text;
    try {
      const look = { credentials: "same-origin", headers: { "x-part": "1" }, signal: AbortSignal.timeout?.(LONGEST_LOOK_MS) };
      const answer = await fetch(place.dataset.machinesAt, look);
      heard(!answer.headers.has("x-kept"));
      if (!answer.ok || answer.redirected || answer.headers.has("x-kept")) return;
      text = await answer.text();
    } catch {
      return heard(false); // no connection: what is shown stays
    }
    const fresh = document.createElement("div");
    fresh.innerHTML = text;
    if (bare(fresh) === (shown.get(place) ?? bare(place))) return;
    shown.set(place, bare(fresh));
    const focused = place.contains(document.activeElement) ? document.activeElement : null;
    keepOpen(place, fresh);
    place.replaceChildren(...fresh.childNodes);
    focused?.focus({ preventScroll: true });
  }

  /** What somebody has open, or has written into, stays as it is while the machine around it changes. */
  function keepOpen(place, fresh) {
    for (const old of place.querySelectorAll("[data-machine] details")) {
      const written = [...old.querySelectorAll("textarea")].some((one) => one.value);
      const line = fresh.querySelector(`[data-machine="${CSS.escape(old.closest("[data-machine]").dataset.machine)}"]`);
      const made = line?.querySelector("details");
      if (made && (old.open || written)) made.replaceWith(old);
      else if (line && written) line.append(old);
    }
  }

  const shown = new WeakMap();
  const bare = (place) => place.innerHTML.replace(/name="key" value="[^"]*"/g, "").replace(/<details([^>]*) open=""/g, "<details$1").trim();
  for (const place of document.querySelectorAll("[data-machines-at]")) {
    refresh(place);
    setInterval(() => refresh(place), 2000);
  }

  // --- no connection
  let answered = true;
  const isAway = () => !navigator.onLine || !answered;

  /** A telephone may believe that it has a connection, and nothing comes through: what counts is whether we are answered. */
  function heard(answer) {
    if (answer === answered) return;
    answered = answer;
    connection();
  }

  function connection() {
    const away = isAway();
    document.documentElement.classList.toggle("is-offline", away);
    let line = document.querySelector(".offline");
    if (away && !line) {
      line = document.createElement("p");
      line.className = "offline";
      line.setAttribute("role", "status");
      line.textContent = "No connection. What you enter is kept on this device and sent later.";
      document.body.append(line);
    } else if (!away) line?.remove();
    for (const form of document.querySelectorAll("form[data-online] button")) form.disabled = away;
    if (!away) send();
    else show();
  }
  addEventListener("online", () => { answered = true; connection(); });
  addEventListener("offline", connection);
  setInterval(send, AGAIN_MS);

  // --- small conveniences
  for (const field of document.querySelectorAll("[data-minutes-since]")) {
    const minutes = Math.round((Date.parse(field.dataset.now) - Date.parse(field.dataset.minutesSince)) / 60000);
    if (!field.value && minutes > 0 && minutes < 1440) field.value = String(minutes);
  }
  for (const field of document.querySelectorAll("[data-select]")) field.addEventListener("focus", () => field.select());

  // --- the pages that are kept
  async function keepPages() {
    if (!("serviceWorker" in navigator)) return;
    if (localStorage.getItem("muster-account") !== account) {
      await caches.delete("muster-field-1"); // somebody else's pages
      localStorage.setItem("muster-account", account);
    }
    await navigator.serviceWorker.register(root.dataset.worker, { scope });
    const ready = await navigator.serviceWorker.ready;
    const assets = [...document.querySelectorAll('link[rel="stylesheet"][href], script[src]')].map((one) => one.getAttribute("href") ?? one.getAttribute("src"));
    const pages = [...document.querySelectorAll(`a[href^="${scope}/visits/"]`)].map((one) => one.getAttribute("href"));
    const done = new MessageChannel();
    done.port1.onmessage = () => document.documentElement.setAttribute("data-kept", "1");
    ready.active.postMessage({ keep: [...new Set([location.pathname, scope, ...pages, ...assets])] }, [done.port2]);
  }
  keepPages().catch(() => {});
  document.querySelector('form[action="/logout"]')?.addEventListener("submit", () => {
    localStorage.removeItem("muster-account");
    caches.delete("muster-field-1");
  });

  connection();
})();
