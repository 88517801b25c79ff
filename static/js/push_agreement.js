// Makes the browser and the server agree, at each load and on the person's clicks. What has broken (a new key, a lost
// or ended subscription, another owner) is mended without a word, but only where the person would expect it: never
// after they turned it off here, and never by itself after they signed out.
//
// A state is {name, …}: "ask", "blocked", "off", "signed-out", "lapsed", or "on" with the id of the server's row.
import { add, list, remove, removeRow, secretOf, stateOf } from "./push_api.js";
import * as memory from "./push_memory.js";
import { fingerprint, inTurn, isMadeWith, register, subscribe, unsubscribe } from "./push_subscription.js";
import { forgetShown, settleShown } from "./shown.js";

const SEEN_AGAIN_AFTER_MS = 24 * 3600 * 1000;
const ENDED = new Set(["gone", "other_key", "old_key", "unusable", "refused"]); // to post the same subscription again would help nobody

export function agree(site) {
  return inTurn(() => look(site, false));
}

// Called straight from a click: browsers ask for the permission only then. `onAnswer` hears when the question is over.
export async function turnOn(site, onAnswer) {
  const answer = await Notification.requestPermission();
  onAnswer();
  if (answer !== "granted") return { ...withoutPermission(), isDismissed: answer === "default" };
  return inTurn(() => {
    memory.rememberTurnedOff(false);
    return look(site, true);
  });
}

export function turnOff(site) {
  return inTurn(async () => {
    memory.rememberTurnedOff(true);
    const registration = await navigator.serviceWorker.getRegistration("/"); // asks no network: this works offline too
    const subscription = await registration?.pushManager.getSubscription();
    if (subscription) {
      // When the server cannot be told now, it hears it from the push service at its next push.
      await remove(site, subscription).catch(() => null);
      await unsubscribe(subscription);
    }
    return { name: "off" };
  });
}

// Known without asking anybody.
export function withoutPermission() {
  return { name: Notification.permission === "denied" ? "blocked" : "ask" };
}

async function look(site, isWanted) {
  const registration = await register(site.workerUrl);
  const was = memory.owner();
  const isSomebodyElses = was !== null && was !== memory.ANONYMOUS && was !== site.user;
  if (isSomebodyElses) await leaveNothing();
  if (Notification.permission !== "granted") return withoutPermission();
  if (memory.isTurnedOff()) return { name: "off" };
  if (!site.user && !isWanted) {
    if (isSomebodyElses) return withoutSession(site, registration);
    if (was === null && memory.isForgetful()) return { name: "off" }; // somebody may have signed out
  }
  return bring(site, registration);
}

// What was shown to one person is not left for the next, who has a number of their own on the icon.
async function leaveNothing() {
  await forgetShown();
  const { inbox } = document.body.dataset;
  if (inbox) await settleShown(JSON.parse(inbox));
}

// Whoever signed out gets nothing here any more. A session that only ended by itself does not turn anything off.
async function withoutSession(site, registration) {
  const found = await registration.pushManager.getSubscription();
  const known = found && (await stateOf(site, found));
  return { name: known?.is_on ? "lapsed" : "signed-out" };
}

async function bring(site, registration) {
  const { application_server_key, result } = await list(site);
  const key = application_server_key ?? site.key; // the page itself may be old
  const found = await registration.pushManager.getSubscription();
  const print = found && (await fingerprint(found));
  const row = result.find((one) => one.fingerprint === print);
  if (found && (ENDED.has(row?.off_because) || !isMadeWith(found, key))) {
    await unsubscribe(found);
    return tell(site, registration, key, secretOf(found));
  }
  if (found && row?.is_on && isFresh(row)) return on(site, row.id);
  return tell(site, registration, key);
}

// Posted in this very session, so that signing out of it turns it off; and not too long ago.
function isFresh(row) {
  return row.is_this_session && Date.now() - Date.parse(row.last_seen_at) < SEEN_AGAIN_AFTER_MS;
}

// `former` names what this browser had, and has no more.
async function tell(site, registration, key, former = lost(), isSecondTry = false) {
  const subscription = await subscribe(registration, key);
  let before = former;
  try {
    const id = await add(site, subscription, key, former);
    await forgetLost(site, id);
    if (isSecondTry || (await isKept(registration, subscription))) return on(site, id);
    before = secretOf(subscription);
  } catch (trouble) {
    if (trouble.status !== 409 || isSecondTry) throw trouble;
  }
  // It is lost, or belongs to somebody else, or the key was replaced a moment ago: a new one is ours.
  await unsubscribe(subscription);
  const { application_server_key } = await list(site);
  return tell(site, registration, application_server_key ?? key, before, true);
}

// What was subscribed here before and is lost: the browser cannot name it any more, and it would be sent to in vain.
function lost() {
  const id = memory.row();
  return id && { id };
}

async function forgetLost(site, id) {
  const before = memory.row();
  if (before && before !== id) await removeRow(site, before).catch(() => null); // not ours, or gone already
}

// Who goes to another page while one subscribes has two at it. In Chromium the first can end last and put the other's
// subscription out of use without a word: pushes to it are taken by the push service, and never shown.
async function isKept(registration, { endpoint }) {
  return (await registration.pushManager.getSubscription())?.endpoint === endpoint;
}

function on(site, id) {
  memory.rememberOwner(site.user);
  memory.rememberRow(id);
  return { name: "on", id };
}
