// Of the tabs of one browser one alone speaks with the server, and tells the others what it hears. A tab that is shown
// wants to be the one; it waits for its turn, and takes it where the one before is frozen and gives no sign.

const SIGN_WITHIN_MS = 2000;
const ASKED_EVERY_MS = 20_000;

// `onLead()` and `onRest()`: this tab begins and ends to speak. `onHeard(message)`: another tab said something.
// `onAsked()` → what a tab is told that has just come. → {tell, rest, leave, isLeading, whileNobodyLeads}
export function joinTabs(name, { onLead, onRest, onHeard, onAsked }) {
  const channel = new BroadcastChannel(name);
  let release = null; // while this one speaks
  let waiting = null; // while it waits for its turn
  let deadline = null;
  let hasLeft = false;

  async function want(options = {}) {
    if (hasLeft || release || waiting || document.hidden) return;
    const turn = (waiting = new AbortController());
    const how = options.steal ? options : { signal: turn.signal };
    let own = null; // what ends this turn, once it has begun
    try {
      await navigator.locks.request(name, how, () => new Promise((resolve) => begin((own = resolve))));
    } catch (error) {
      if (error.name !== "AbortError") throw error; // given up, or taken by another tab
    } finally {
      if (waiting === turn) waiting = null;
      if (own && release === own) {
        end();
        want(); // behind whoever took it
      }
    }
  }

  function begin(resolve) {
    waiting = null;
    release = resolve;
    clearTimeout(deadline);
    if (hasLeft) end();
    else onLead();
  }

  function end() {
    if (!release) return;
    release();
    release = null;
    if (!hasLeft) onRest();
  }

  function askForASign() {
    if (hasLeft || release || document.hidden) return;
    clearTimeout(deadline);
    deadline = setTimeout(() => {
      waiting?.abort();
      waiting = null;
      want({ steal: true });
    }, SIGN_WITHIN_MS);
    channel.postMessage({ whoLeads: true });
  }

  function hear({ data }) {
    if (data.whoLeads) {
      if (release) channel.postMessage({ leads: true, told: onAsked() });
      return;
    }
    if (data.leads) clearTimeout(deadline);
    onHeard(data);
  }

  function look() {
    if (document.hidden) {
      waiting?.abort();
      clearTimeout(deadline);
    } else {
      want();
      askForASign();
    }
  }

  channel.addEventListener("message", hear);
  document.addEventListener("visibilitychange", look);
  const asking = setInterval(askForASign, ASKED_EVERY_MS);
  look();

  return {
    tell: (told) => hasLeft || channel.postMessage({ told }),
    isLeading: () => release !== null,
    rest: end,
    leave() {
      hasLeft = true;
      document.removeEventListener("visibilitychange", look);
      clearInterval(asking);
      clearTimeout(deadline);
      waiting?.abort();
      end();
      channel.close();
    },
    // Where it takes long, another tab may begin to speak.
    whileNobodyLeads: (work) =>
      navigator.locks.request(name, { ifAvailable: true }, (lock) => lock && work()).catch(() => null),
  };
}

// Where a browser lacks what this takes, each tab speaks for itself.
export function canShare() {
  return Boolean(navigator.locks && window.BroadcastChannel);
}
