// How far a broadcast has come: asked once a second while somebody looks at it and it is not done.

const EVERY_MS = 1000;
const SLOWEST_MS = 30_000;
const PATIENCE_MS = 15_000;

export function followBroadcasts() {
  for (const section of document.querySelectorAll("[data-broadcast-url]")) follow(section);
}

function follow(section) {
  let failures = 0;
  let timer = null;
  let isAsking = false;
  let isOver = section.classList.contains("is-done"); // the server may have known it already

  async function ask() {
    clearTimeout(timer);
    if (isOver || isAsking || document.hidden) return;
    isAsking = true;
    try {
      const answer = await fetchState(section.dataset.broadcastUrl);
      isOver = answer.isEnd;
      if (answer.state) show(section, answer.state);
      failures = 0;
    } catch {
      failures += 1; // away or busy: it is asked again, later each time
    } finally {
      isAsking = false;
      timer = setTimeout(ask, Math.min(SLOWEST_MS, EVERY_MS * 2 ** failures));
    }
  }

  document.addEventListener("visibilitychange", ask);
  ask();
}

// It ends when all is done, and also when the person may not look any more or the broadcast is no longer there.
async function fetchState(url) {
  const answer = await fetch(url, {
    headers: { Accept: "application/json" },
    cache: "no-store",
    redirect: "error",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if ([401, 403, 404].includes(answer.status)) return { isEnd: true, state: null };
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  const { result } = await answer.json();
  return { isEnd: result.is_done, state: result };
}

function show(section, state) {
  const numbers = new Intl.NumberFormat(document.documentElement.lang);
  for (const element of section.querySelectorAll("[data-count]")) {
    element.textContent = numbers.format(state[element.dataset.count]);
  }
  const bar = section.querySelector("progress");
  if (bar) {
    bar.max = Math.max(1, state.total); // nobody to send to is done, not half done
    bar.value = state.is_done ? bar.max : state.total - state.waiting;
  }
  section.classList.toggle("is-done", state.is_done);
  for (const element of section.querySelectorAll("[data-when-done]")) element.hidden = !state.is_done;
  for (const element of section.querySelectorAll("[data-until-done]")) element.hidden = state.is_done;
}
