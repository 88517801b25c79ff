// Runs when a push comes, also when no page is open: shows it, closes what was read elsewhere, opens its page on a
// click, and renews a subscription that the browser has dropped. A classic script without imports, because not every
// browser runs a module here.
"use strict";

const API = "/api/push-subscriptions";
const READ_API = "/api/inbox/read";
const UNTITLED = "Untitled";
const LONGEST_TURN_MS = 3000;
const LOOK = { icon: "/static/icons/icon-192.png", badge: "/static/icons/badge-96.png" };

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// Browsers take the subscription away from a site whose pushes show nothing, so something is shown in every case, and
// before anything else is done.
self.addEventListener("push", (event) => event.waitUntil(take(event.data)));

async function take(data) {
  let push = {};
  await inTurn(async () => {
    try {
      push = read(data ? data.text() : "");
      await show(push);
    } catch {
      await self.registration.showNotification(UNTITLED);
    }
  });
  await Promise.all([settle(push.inbox, push.item), tellWindows()]);
}

async function show({ title, body, url, tag, lang, timestamp, item }) {
  const about = { url: text(url), item: isNumber(item) ? item : null };
  const options = { ...LOOK, body: text(body), tag: text(tag), lang: text(lang), data: about };
  if (isNumber(timestamp)) options.timestamp = timestamp;
  await self.registration.showNotification(text(title).trim() ? title : UNTITLED, options);
}

// A browser that is asked for its notifications while one is being shown may forget that one, and what it forgot can
// be closed by nobody. So one thing is done after the other; but for one that takes for ever nothing waits long.
let turn = Promise.resolve();

function inTurn(work) {
  const before = Promise.race([turn, new Promise((resolve) => setTimeout(resolve, LONGEST_TURN_MS))]);
  turn = before.then(work).catch(() => null);
  return turn;
}

// What was read elsewhere is closed, but never what is shown by the very push that says so.
async function settle(inbox, shownNow) {
  if (!isInbox(inbox)) return;
  const isOver = (item) => isNumber(item) && item !== shownNow && isSettled(item, inbox);
  await Promise.all([setBadge(inbox.count), close(isOver)]);
}

function close(isOver) {
  return inTurn(async () => {
    const shown = await self.registration.getNotifications();
    for (const notification of shown) if (isOver(notification.data?.item)) notification.close();
  });
}

// The newest unread ones are named. Of those that are older than all that are named nothing is known, where there are
// more than these; nor of those that came later.
function isSettled(item, { count, newest, unread }) {
  if (item > newest || unread.includes(item)) return false;
  return count <= unread.length || item >= Math.min(...unread);
}

function isInbox(value) {
  if (!isObject(value) || !Array.isArray(value.unread)) return false;
  return isCount(value.count) && isCount(value.newest) && value.unread.every(isNumber);
}

// On the icon of the installed app; other browsers have none.
async function setBadge(count) {
  try {
    await (count ? self.navigator.setAppBadge?.(count) : self.navigator.clearAppBadge?.());
  } catch {
    // Then it stays as it is.
  }
}

async function tellWindows() {
  for (const client of await allWindows()) client.postMessage({ pushed: true });
}

function allWindows() {
  return self.clients.matchAll({ type: "window", includeUncontrolled: true });
}

// What a page of ours knows: how the inbox stands, or that the person has left.
self.addEventListener("message", (event) => {
  const { inbox, forget } = event.data ?? {};
  event.waitUntil(forget === true ? Promise.all([setBadge(0), close(() => true)]) : settle(inbox));
});

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

function isCount(value) {
  return Number.isSafeInteger(value) && value >= 0;
}

function isNumber(value) {
  return isCount(value) && value > 0;
}

function text(value) {
  return typeof value === "string" ? value : "";
}

self.addEventListener("notificationclick", (event) => {
  const { url, item } = event.notification.data ?? {};
  event.notification.close();
  event.waitUntil(Promise.all([open(ownPage(url)), isNumber(item) && noteRead(item)]));
});

// A click on a broadcast counts as reading it. Where the server cannot be told, it stays unread, and no harm is done.
async function noteRead(item) {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ id: item });
  await fetch(READ_API, { method: "POST", headers, body, credentials: "same-origin" }).catch(() => null);
}

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
  const shown = (await allWindows()).find((client) => client.url.split("#")[0] === page.split("#")[0]);
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
