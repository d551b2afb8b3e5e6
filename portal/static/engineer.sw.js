// Keeps the pages of somebody in the field for when there is no connection. What is entered is kept and sent by the
// pages themselves (engineer.js). Only answers to GET are kept, only of this area, and all of them go when somebody else
// logs in or the one who is in logs out.
"use strict";
const STORE = "muster-field-1";
const WAIT_MS = 6000;
const AREA = new URL(self.registration.scope).pathname;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  if (event.data?.forget) event.waitUntil(caches.delete(STORE).then(() => event.ports[0]?.postMessage("forgotten")));
  if (event.data?.keep) event.waitUntil(Promise.all(event.data.keep.map(keepPage)).then(() => event.ports[0]?.postMessage("kept")));
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/")) event.respondWith(fromStore(event.request));
  else if (url.pathname === AREA || url.pathname.startsWith(`${AREA}/`)) event.respondWith(fromNetwork(event.request));
});

/** Files of /static have their age in their address, so what is there is right. */
async function fromStore(request) {
  const store = await caches.open(STORE);
  const there = await store.match(request);
  if (there) return there;
  const answer = await fetch(request);
  if (answer.ok) await store.put(request, answer.clone());
  return answer;
}

async function fromNetwork(request) {
  const store = await caches.open(STORE);
  try {
    const answer = await within(fetch(request), request.mode === "navigate" ? WAIT_MS : 0);
    if (answer.ok && !answer.redirected) await store.put(request.url, answer.clone());
    return answer;
  } catch (error) {
    const there = await store.match(request.url);
    if (there && request.mode !== "navigate") return marked(there);
    if (there) return there;
    if (request.mode !== "navigate") throw error;
    return new Response(NOT_KEPT, { status: 503, headers: { "content-type": "text/html; charset=utf-8" } });
  }
}

/** An answer that was kept, so that the page that asked knows that nobody was there. */
function marked(answer) {
  const headers = new Headers(answer.headers);
  headers.set("x-kept", "1");
  return new Response(answer.body, { status: answer.status, headers });
}

/** A connection that is there and says nothing is none: a page that was kept is shown instead. */
function within(promise, ms) {
  if (!ms) return promise;
  return Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error("too slow")), ms))]);
}

async function keepPage(path) {
  try {
    const answer = await fetch(path, { credentials: "same-origin" });
    if (answer.ok && !answer.redirected) await (await caches.open(STORE)).put(new URL(path, location.origin).href, answer);
  } catch {
    // no connection: what was kept before stays
  }
}

const NOT_KEPT = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>No connection</title><h1>No connection</h1><p>This page was not opened on this device before, so it is not here. <a href="${AREA}">Back</a></p></html>`;
