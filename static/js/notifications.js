// Follows the person's named state by asking `/notifications?since=`. Each name has a callback that is handed its data.
//
// A hidden tab does not ask; shown again, it asks at once. When the server is away it asks less and less often. When the
// person is signed out elsewhere, or somebody else signs in in another tab, it stops, without a word.

const SLOWEST_SECONDS = 120;

export function followNotifications(callbacks) {
  const url = document.body.dataset.notificationsUrl;
  if (!url) return;
  const everySeconds = Number(document.body.dataset.pollSeconds) || 10;
  let since = 0;
  let failures = 0;
  let timer = null;
  let asking = false;
  let signedOut = false;

  function plan(seconds) {
    clearTimeout(timer);
    timer = null;
    if (!signedOut && !document.hidden) timer = setTimeout(ask, seconds * 1000);
  }

  function pause() {
    // Half to all of a doubling time, so that a thousand pages do not come back in the same second.
    const longest = Math.min(SLOWEST_SECONDS, everySeconds * 2 ** failures);
    return failures ? longest * (0.5 + Math.random() / 2) : everySeconds;
  }

  async function ask() {
    if (asking || signedOut || document.hidden) return;
    asking = true;
    try {
      const response = await fetch(`${url}?since=${since}`, {
        headers: { Accept: "application/json" },
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.timeout(15_000),
      });
      const isSomebodyElses = response.ok && response.headers.get("Webpush-User") !== document.body.dataset.user;
      if (response.status === 401 || isSomebodyElses) {
        signedOut = true;
        return;
      }
      if (!response.ok) throw new Error(`answered ${response.status}`);
      take(await response.json());
      failures = 0;
    } catch {
      failures += 1; // away or busy: it is asked again, later each time
    } finally {
      asking = false;
      plan(pause());
    }
  }

  function take(notifications) {
    for (const { name, data, timestamp } of notifications) {
      since = Math.max(since, timestamp);
      callbacks[name]?.(data);
    }
  }

  function askNow() {
    if (document.hidden) {
      clearTimeout(timer);
      return;
    }
    failures = 0;
    ask();
  }

  document.addEventListener("visibilitychange", askNow);
  window.addEventListener("online", askNow);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) askNow(); // taken out of the back-forward cache: what it shows may be old
  });
  plan(everySeconds);
}
