// What stands on the screen outside of the pages: the notifications that are shown, and the number on the app's icon.
// The worker alone closes notifications: two that ask the browser for them at once would disturb each other.

// → once it is handed over. `inbox` is the data of the named state of that name.
export async function settleShown(inbox) {
  if (!(await tellWorker({ inbox }))) setAppBadge(inbox.count);
}

// Whoever has left this browser leaves nothing for the next person to see.
export async function forgetShown() {
  if (!(await tellWorker({ forget: true }))) setAppBadge(0);
}

async function tellWorker(message) {
  const registration = await navigator.serviceWorker?.getRegistration("/").catch(() => null);
  registration?.active?.postMessage(message);
  return Boolean(registration?.active);
}

// Only an installed app has an icon, and not every browser can write on it.
function setAppBadge(count) {
  Promise.resolve(count ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.()).catch(() => null);
}
