// Starts push on a page: the worker, the agreement with the server, the card, and what a click on a notification asks.
import { agree, withoutPermission } from "./push_agreement.js";
import { obstacle } from "./push_browser.js";
import { asState, findCard, openCard } from "./push_card.js";
import { showNews } from "./push_click.js";

let card = null;
let isStarted = false;

// `place` is {workerUrl, key, api}. → the name of the state this browser is in. May be called again, say after a page
// of another make has asked for the permission itself.
export async function startPush(place) {
  const site = { ...place, user: document.body.dataset.user ?? null };
  const reason = obstacle();
  if (!isStarted) open(site, reason);
  const state = reason ? { name: reason } : await agree(site).catch(asState);
  card?.show(state);
  return state.name;
}

function open(site, reason) {
  isStarted = true;
  const element = findCard();
  if (element) card = openCard(element, site);
  if (reason) return;
  // At once, before the worker is there: what stands below would be pushed down under somebody's finger.
  if (Notification.permission !== "granted") card?.show(withoutPermission());
  showNews();
  if (card) followPermission();
}

// Whoever unblocks notifications in the browser's settings sees it here at once.
async function followPermission() {
  try {
    const permission = await navigator.permissions.query({ name: "notifications" });
    permission.addEventListener("change", () => card.check());
  } catch {
    // Not every browser tells; the next load does.
  }
}
