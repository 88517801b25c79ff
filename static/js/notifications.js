// Follows the person's named state in every open page: by the socket where there is one, by asking where there is not,
// and through the one tab that does either. Each name has a callback that is handed its data.
//
// A hidden tab does not ask, and opens no socket; what it hears over one that stands it goes on hearing. Shown again, it
// catches up at once. When the person is signed out elsewhere, or somebody else signs in in another tab, it stops,
// without a word.
import { keepNews } from "./news.js";
import { makePoll } from "./news_poll.js";
import { makeSocket } from "./news_socket.js";
import { canShare, joinTabs } from "./tabs.js";
import { onWaking } from "./waking.js";

const PUSHED_BUT_NOT_HEARD_MS = 1000;
// Also where a socket says everything: whoever has a page before them goes on being signed in.
const SIGN_OF_LIFE_MS = 10 * 60_000;
const NO_SOCKET = { start() {}, stop() {}, isLive: () => false };

// → asks at once, for whoever has just changed something.
export function followNotifications(callbacks, before = null) {
  const { notificationsUrl, user, pollSeconds, socket } = document.body.dataset;
  if (!notificationsUrl) return () => null;
  const place = { url: notificationsUrl, user, everySeconds: Number(pollSeconds) || 10 };
  const since = Number(document.body.dataset.since) || 0;
  const made = madeWith(since);
  return follow(place, socket, (askNow) => keepNews(since, callbacks, before && looking(before, askNow), made));
}

// Another tab may lack even this, where it was hidden and nobody spoke meanwhile.
function madeWith(timestamp) {
  const { unread, inbox } = document.body.dataset;
  return [
    { name: "unread_message_count", data: Number(unread), timestamp },
    { name: "inbox", data: JSON.parse(inbox), timestamp },
  ];
}

// `before` is told what has come before it is handed on. Where it says that it has changed something by that, it is
// asked for what has come of it.
function looking(before, askNow) {
  return async (pieces) => {
    if (await before(pieces)) await askNow();
  };
}

function follow(place, clientUrl, makeNews) {
  const news = makeNews(() => poll.askNow());
  const site = { ...place, since: news.since };
  let tabs = null;
  let isOver = false;
  let isNew = true; // what the page was made with is all that is known

  function onNews(pieces) {
    if (news.take(pieces)) tabs?.tell(news.known()); // all of it: who was made before may lack more than this
  }

  function onOver() {
    isOver = true;
    tabs?.tell("over");
    leave();
  }

  const poll = makePoll({ ...site, onNews, onOver });
  const socket = clientUrl ? makeSocket({ ...site, clientUrl, onNews, onOver, onLive, onLost }) : NO_SOCKET;

  function onLive() {
    poll.stop();
  }

  function onLost() {
    if (document.hidden) rest();
    else if (poll.start()) poll.askNow();
  }

  function onLead() {
    socket.start();
    if (!clientUrl && poll.start() && !isNew) poll.askNow();
    isNew = false;
  }

  function onRest() {
    socket.stop();
    poll.stop();
  }

  function rest() {
    if (canShare()) tabs.rest();
    else onRest();
  }

  function onHeard({ told }) {
    if (told === "over") {
      isOver = true;
      leave();
    } else if (told) {
      news.take(told);
    }
  }

  function join() {
    if (isOver || tabs) return;
    const part = { onLead, onRest, onHeard, onAsked: news.known };
    tabs = canShare() ? joinTabs(`webpush-news-${site.user}`, part) : leadAlone(part);
  }

  function leave() {
    tabs?.leave();
    tabs = null;
    onRest();
  }

  // Hidden, what is only asked for rests; shown again, or woken after a sleep, it is looked for at once.
  function look() {
    isNew = false;
    if (isOver || !tabs) return;
    if (document.hidden) {
      if (!socket.isLive()) rest();
    } else if (tabs.isLeading()) {
      catchUp();
    }
  }

  function catchUp() {
    if (!socket.isLive()) {
      socket.start();
      poll.start();
    }
    poll.askNow();
  }

  // A push is news too: it has come by another way, and may be ahead of ours.
  async function onPush() {
    if (isOver || !tabs) return;
    const before = news.since();
    if (!tabs.isLeading()) return tabs.whileNobodyLeads(() => poll.askNow());
    if (socket.isLive()) await new Promise((resolve) => setTimeout(resolve, PUSHED_BUT_NOT_HEARD_MS));
    if (tabs?.isLeading() && news.since() === before) poll.askNow();
  }

  document.addEventListener("visibilitychange", look);
  window.addEventListener("online", look);
  onWaking(() => {
    if (!tabs?.isLeading()) return;
    socket.stop(); // it may look alive and be dead
    catchUp();
  });
  navigator.serviceWorker?.addEventListener("message", ({ data }) => data?.pushed && onPush());
  setInterval(() => document.hidden || !tabs?.isLeading() || poll.askNow(), SIGN_OF_LIFE_MS);
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", ({ persisted }) => persisted && (join(), look()));
  join();
  return () => isOver || poll.askNow();
}

function leadAlone({ onLead }) {
  if (!document.hidden) onLead();
  return { tell() {}, rest() {}, leave() {}, isLeading: () => true, whileNobodyLeads() {} };
}
