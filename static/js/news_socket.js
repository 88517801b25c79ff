// The live way: a socket over which the server sends the same pieces as soon as there are any. When it breaks it is
// tried again, later each time; meanwhile the page asks.

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;
const PATIENCE_MS = 8000;
const GREETED_WITHIN_MS = 15_000; // where a thousand come back at once, some wait for a while
const NAMESPACE = "/notifs";

// `clientUrl` is the client library's own address. `onLive()` and `onLost()` say how it stands.
export function makeSocket({ clientUrl, user, since, onNews, onLive, onLost, onOver }) {
  let socket = null;
  let isOn = false;
  let isLive = false;
  let failures = 0;
  let timer = null;

  async function open() {
    clearTimeout(timer);
    if (!isOn) return;
    try {
      socket ??= listen((await import(clientUrl)).io);
    } catch {
      return fail(); // the library could not be loaded now
    }
    if (!isOn) return;
    socket.connect();
    timer = setTimeout(startOver, GREETED_WITHIN_MS); // it may connect and hear nothing
  }

  function startOver() {
    const wasConnected = socket.connected;
    socket.disconnect();
    if (!wasConnected) fail(); // else that was said already
  }

  function listen(io) {
    const made = io(NAMESPACE, {
      transports: ["websocket"],
      auth: (give) => give({ since: since() }),
      autoConnect: false,
      reconnection: false,
      timeout: PATIENCE_MS,
    });
    made.on("response", (greeting) => {
      if (greeting.user !== user) return onOver();
      clearTimeout(timer);
      failures = 0;
      isLive = true;
      onLive();
    });
    made.on("notification", onNews);
    made.on("connect_error", fail);
    made.on("disconnect", fail);
    return made;
  }

  function fail() {
    isLive = false;
    if (!isOn) return;
    // Half to all of a doubling time, so that a thousand pages do not come back in the same second.
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
    failures += 1;
    clearTimeout(timer);
    timer = setTimeout(open, longest * (0.5 + Math.random() / 2));
    onLost();
  }

  // Also where it is being tried: whoever comes back need not wait for the next try.
  function start() {
    isOn = true;
    failures = 0;
    open();
  }

  function stop() {
    isOn = isLive = false;
    clearTimeout(timer);
    socket?.disconnect();
  }

  return { start, stop, isLive: () => isLive };
}
