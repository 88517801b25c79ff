// The bell, the panel that opens below it, and the page of the inbox: they follow what happens elsewhere, and what is
// marked as read here is so at once.
import { set_notification_count } from "./badge.js";
import { settleShown } from "./shown.js";
import { refreshTimes } from "./times.js";

const READ_URL = "/api/inbox/read";
const PATIENCE_MS = 10_000;
const NARROW = "(max-width: 480px)"; // there the bell leads to the page

let refreshers = [];

// `askNow` looks for what else has changed, once something was marked as read here.
export function openInbox(askNow) {
  const bell = document.getElementById("bell");
  if (!bell) return;
  settleShown(JSON.parse(document.body.dataset.inbox));
  const list = document.querySelector("[data-inbox-list]");
  refreshers = [makePanel(bell), ...(list ? [() => reload(list)] : [])];
  document.addEventListener("submit", async (event) => (await markRead(event)) && askNow());
  document.addEventListener("visibilitychange", () => document.hidden || refreshStale());
}

let isStale = false;

// What `followNotifications` hands on.
export function showInbox(inbox) {
  set_notification_count(inbox.count);
  settleShown(inbox);
  isStale = true;
  if (!document.hidden) refreshStale();
}

function refreshStale() {
  if (!isStale) return;
  isStale = false;
  for (const refresh of refreshers) refresh();
}

// --- the panel -------------------------------------------------------------------------------------------------

function makePanel(bell) {
  const panel = document.createElement("div");
  panel.className = "inbox-panel";
  panel.id = "inbox_panel";
  panel.setAttribute("role", "region");
  panel.setAttribute("aria-label", bell.querySelector(".nav-text").textContent);
  panel.hidden = true;
  bell.after(panel);
  bell.setAttribute("aria-controls", panel.id);
  bell.setAttribute("aria-expanded", "false");

  function set(isOpen) {
    panel.hidden = !isOpen;
    bell.setAttribute("aria-expanded", String(isOpen));
  }

  async function fill() {
    const html = await fetchHtml(bell.dataset.panel);
    if (html === null) return false;
    keepFocus(panel, () => (panel.innerHTML = html)); // our own server's, with every name and text escaped there
    refreshTimes(panel);
    return true;
  }

  bell.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || window.matchMedia(NARROW).matches) return;
    event.preventDefault();
    if (!panel.hidden) return set(false);
    if (await fill()) set(true);
    else location.assign(bell.href);
  });
  document.addEventListener("click", ({ target }) => {
    if (!panel.hidden && target.isConnected && !panel.contains(target) && !bell.contains(target)) set(false);
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || panel.hidden) return;
    set(false);
    bell.focus();
  });
  return () => panel.hidden || fill();
}

// --- the page --------------------------------------------------------------------------------------------------

async function reload(list) {
  const html = await fetchHtml(location.href);
  const fresh = html && new DOMParser().parseFromString(html, "text/html").querySelector("[data-inbox-list]");
  if (!fresh) return;
  keepFocus(list, () => list.replaceChildren(...fresh.childNodes));
  refreshTimes(list);
}

// --- reading ---------------------------------------------------------------------------------------------------

// Without this the form is sent, and the page loaded again. → whether something was read
async function markRead(event) {
  const wanted = event.target.dataset.read;
  if (!wanted) return false;
  event.preventDefault();
  const form = event.target;
  try {
    const answer = await fetch(READ_URL, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "Webpush-User": document.body.dataset.user },
      body: JSON.stringify(wanted === "all" ? { all: true } : { id: Number(wanted) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    showInbox((await answer.json()).result);
    return true;
  } catch {
    form.submit(); // the way without a script says what is the matter
    return false;
  }
}

async function fetchHtml(address) {
  try {
    const answer = await fetch(address, {
      headers: { Accept: "text/html" },
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

// Whoever stood on an item stands on it afterwards.
function keepFocus(box, change) {
  const at = box.contains(document.activeElement) && document.activeElement.closest("[data-item]")?.dataset.item;
  change();
  if (at) box.querySelector(`[data-item="${CSS.escape(at)}"] a`)?.focus();
}
