// An open conversation: what the other one writes appears by itself, and is read with that. While it is looked at the
// server knows, so that no push is sent for what is being read.
import { refreshTimes } from "./times.js";

const SAID_EVERY_MS = 15_000;
const PATIENCE_MS = 10_000;

// → what `followNotifications` calls before it hands news on: so the number of unread messages does not rise for what
// is shown here in the same instant. It says whether it has read anything.
export function watchConversation() {
  const page = document.querySelector("[data-conversation]");
  if (!page) return null;
  let isStale = false;
  let timer = null;

  let said = Promise.resolve();

  // One after the other: what is taken back must not arrive before what was said.
  function say(isLooking) {
    said = said.then(() => sayNow(isLooking));
    return said;
  }

  async function sayNow(isLooking) {
    if (!(await tell(page.dataset.presenceUrl, page.dataset.conversation, isLooking))) clearInterval(timer);
  }

  async function look() {
    clearInterval(timer);
    say(!document.hidden);
    if (document.hidden) return;
    timer = setInterval(() => say(true), SAID_EVERY_MS);
    if (isStale) await show();
  }

  async function show() {
    isStale = document.hidden || !(await refresh());
    return !isStale;
  }

  document.addEventListener("visibilitychange", look);
  window.addEventListener("pagehide", () => {
    clearInterval(timer);
    sayNow(false); // nothing that waits is done any more
  });
  window.addEventListener("pageshow", ({ persisted }) => persisted && ((isStale = true), look()));
  look();
  return (pieces) => (pieces.some(({ name, data }) => name === "inbox" && data.count > 0) ? show() : false);
}

// The page as the server has it now: to ask for it is to read it. → whether that was possible
async function refresh() {
  try {
    const answer = await fetch(location.href, {
      headers: { Accept: "text/html" },
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!answer.ok) return false;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (fresh.body.dataset.user !== document.body.dataset.user) location.reload(); // somebody else's by now
    else replace(fresh.querySelector("[data-conversation]"));
    return true;
  } catch {
    return false; // it is tried again with the next news
  }
}

function replace(fresh) {
  const shown = document.querySelector("[data-conversation]");
  if (!fresh || fresh.querySelectorAll("li").length === 0) return;
  const known = new Set([...shown.querySelectorAll("li[data-message]")].map((bubble) => bubble.dataset.message));
  for (const bubble of fresh.querySelectorAll("li[data-message]")) {
    bubble.classList.toggle("has-come", !known.has(bubble.dataset.message));
  }
  shown.replaceChildren(...fresh.childNodes);
  refreshTimes(shown);
}

// Nothing hangs on it: who is not known to be looking gets a push. → false once the person this page was opened by has
// signed out here
async function tell(url, place, isLooking) {
  const headers = { "Content-Type": "application/json", "Webpush-User": document.body.dataset.user };
  const body = JSON.stringify({ place, is_looking: isLooking });
  try {
    const { status } = await fetch(url, { method: "POST", headers, body, keepalive: true });
    return status !== 401 && status !== 409;
  } catch {
    return true;
  }
}
