// The browser's side of push: the worker, the subscription, and the key it was made with.
import { Trouble } from "./push_api.js";

const PATIENCE_MS = 20_000;

// Tabs that are opened together take turns: else each would make a subscription, and end the other's.
export function inTurn(work) {
  return navigator.locks ? navigator.locks.request("webpush-push", work) : work();
}

// Always for the whole site, whatever folder the script stands in: so there is one registration. Resolves when it can
// subscribe.
export async function register(workerUrl) {
  try {
    await navigator.serviceWorker.register(workerUrl, { scope: "/", updateViaCache: "none" });
    return await inTime(navigator.serviceWorker.ready);
  } catch (error) {
    throw new Trouble("worker", String(error));
  }
}

// → the browser's subscription; the same one if there is one with this key
export async function subscribe(registration, key) {
  try {
    return await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  } catch (error) {
    throw new Trouble("service", String(error));
  }
}

export async function unsubscribe(subscription) {
  try {
    await subscription.unsubscribe();
  } catch (error) {
    throw new Trouble("service", String(error));
  }
}

// A browser that does not say which key it was is taken to have the right one.
export function isMadeWith(subscription, key) {
  const bytes = subscription.options?.applicationServerKey;
  return !bytes || base64url(new Uint8Array(bytes)) === key.replace(/=+$/, "");
}

// What the server calls a subscription by, so that it need not send the endpoint about.
export async function fingerprint(subscription) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(subscription.endpoint));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function inTime(promise) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("not ready in time")), PATIENCE_MS));
  return Promise.race([promise, late]);
}
