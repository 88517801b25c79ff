// Runs when a push comes, also when no page is open: shows it, opens its page on a click, and renews a subscription
// that the browser has dropped. A classic script without imports, because not every browser runs a module here.
"use strict";

const API = "/api/push-subscriptions";
const UNTITLED = "Untitled";
const LOOK = { icon: "/static/icons/icon-192.png", badge: "/static/icons/badge-96.png" };

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// Browsers take the subscription away from a site whose pushes show nothing, so something is shown in every case.
self.addEventListener("push", (event) => {
  event.waitUntil(show(event.data).catch(() => self.registration.showNotification(UNTITLED)));
});

async function show(data) {
  const { title, body, url, tag, lang, timestamp } = read(data ? data.text() : "");
  const options = { ...LOOK, body: text(body), tag: text(tag), lang: text(lang), data: { url: text(url) } };
  if (Number.isSafeInteger(timestamp) && timestamp > 0) options.timestamp = timestamp;
  await self.registration.showNotification(text(title).trim() ? title : UNTITLED, options);
}

// Our own JSON, or the declarative form that Safari also shows by itself; anything else is the text of a notification.
function read(message) {
  let content;
  try {
    content = JSON.parse(message);
  } catch {
    return { body: message };
  }
  if (!isObject(content)) return { body: message };
  const { web_push: version, notification } = content;
  return version === 8030 && isObject(notification) ? { ...notification, url: notification.navigate } : content;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value) {
  return typeof value === "string" ? value : "";
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(ownPage(event.notification.data?.url)));
});

function ownPage(url) {
  const root = `${self.location.origin}/`;
  try {
    const page = new URL(text(url), root).href;
    return page.startsWith(root) ? page : root;
  } catch {
    return root;
  }
}

// Another page that is open is left as it is: something may be half written there. One that shows this very page is
// brought to the front, and told, so that it can show what is new.
async function open(page) {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const shown = windows.find((client) => client.url.split("#")[0] === page.split("#")[0]);
  try {
    if (!shown) throw new Error("not open");
    await shown.focus();
    shown.postMessage({ clicked: page });
  } catch {
    await self.clients.openWindow(page);
  }
}

self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event.oldSubscription)));

// Only for those who still want it: to a browser that was signed out since, the server lists nothing. What fails here
// is made good when a page is opened.
async function renew(oldSubscription) {
  const answer = await fetch(API, { headers: { Accept: "application/json" }, cache: "no-store" });
  const { result, application_server_key: key } = await answer.json();
  if (!result.some((row) => row.off_because !== "signed_out")) return;
  const wanted = { userVisibleOnly: true, applicationServerKey: key };
  const subscription = await self.registration.pushManager.subscribe(wanted);
  // What is on the way to the old one goes to the new one.
  const content = { ...subscription.toJSON(), applicationServerKey: key, replaces: oldSubscription };
  const headers = { "Content-Type": "application/json" };
  const told = await fetch(API, { method: "POST", headers, body: JSON.stringify(content) });
  if (!told.ok) throw new Error(`POST was answered ${told.status}`);
}
