// What is known of the person's state, whichever way it comes: by the socket, by asking, or from another tab. Each piece
// is handed on once, and never an older one after a newer one.

const LONGEST_WAIT_MS = 2000;

// `callbacks` by name. `since` is how far the page itself knows it, and `made` are the pieces that it was made with.
// `before`, if given, may look at what came before it is handed on; what has become old by then is not handed on any more.
export function keepNews(since, callbacks, before = null, made = []) {
  const newest = new Map(made.map((piece) => [piece.name, piece])); // name → {name, data, timestamp}
  let latest = since;
  let turn = Promise.resolve();

  function take(pieces) {
    const fresh = pieces.filter(({ name, timestamp }) => timestamp > (newest.get(name)?.timestamp ?? since));
    for (const piece of fresh) {
      newest.set(piece.name, piece);
      latest = Math.max(latest, piece.timestamp);
    }
    if (fresh.length) turn = turn.then(() => handOn(fresh));
    return fresh.length > 0;
  }

  async function handOn(pieces) {
    if (before) await Promise.race([before(pieces), new Promise((resolve) => setTimeout(resolve, LONGEST_WAIT_MS))]);
    for (const piece of pieces) {
      if (newest.get(piece.name) === piece) callbacks[piece.name]?.(piece.data);
    }
  }

  return { take, since: () => latest, known: () => [...newest.values()] };
}
