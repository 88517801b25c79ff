// Asks `/notifications?since=` again and again; when the server is away less and less often.

const SLOWEST_SECONDS = 30;
const PATIENCE_MS = 15_000;
// Who looks at once may have just woken up: the connection of before may be dead without a word, and a new one quick.
const SHORT_PATIENCE_MS = 4000;

// `since()` says what is known; `onNews(pieces)` hears what is new; `onOver()` that the person is signed out, or that
// somebody else has signed in since the page was opened: then nothing is asked any more.
export function makePoll({ url, user, everySeconds, since, onNews, onOver }) {
  let isOn = false;
  let isAsking = false;
  let isToAskAgain = false;
  let failures = 0;
  let timer = null;

  function plan() {
    clearTimeout(timer);
    timer = isOn ? setTimeout(() => ask(), pause() * 1000) : null;
  }

  function pause() {
    // Half to all of a doubling time, so that a thousand pages do not come back in the same second.
    const longest = Math.min(SLOWEST_SECONDS, everySeconds * 2 ** failures);
    return failures ? longest * (0.5 + Math.random() / 2) : everySeconds;
  }

  async function ask(patience = PATIENCE_MS) {
    isToAskAgain = isAsking; // the answer that is on its way may have been made before
    if (isAsking) return;
    isAsking = true;
    try {
      const pieces = await fetchNews(patience);
      failures = 0;
      if (pieces) onNews(pieces);
      else onOver();
    } catch {
      failures += 1; // away or busy: it is asked again, later each time
      isToAskAgain ||= patience === SHORT_PATIENCE_MS;
    } finally {
      isAsking = false;
      if (isToAskAgain) ask();
      else plan();
    }
  }

  async function fetchNews(patience) {
    const answer = await fetch(`${url}?since=${since()}`, {
      headers: { Accept: "application/json" },
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(patience),
    });
    const isSomebodyElses = answer.ok && answer.headers.get("Webpush-User") !== user;
    if (answer.status === 401 || isSomebodyElses) return null;
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    return answer.json();
  }

  return {
    // → whether it was off before
    start() {
      if (isOn) return false;
      isOn = true;
      plan();
      return true;
    },
    stop() {
      isOn = false;
      clearTimeout(timer);
    },
    askNow() {
      failures = 0;
      return ask(SHORT_PATIENCE_MS);
    },
  };
}
