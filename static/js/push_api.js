// What the page says to the server about its subscription, and what can go wrong in it.

const PATIENCE_MS = 15_000;

// Something a person is told about. `kind` chooses the words; `said` is what exactly was answered.
export class Trouble extends Error {
  constructor(kind, said, { status = null } = {}) {
    super(`${kind}: ${said}`);
    Object.assign(this, { kind, said, status });
  }
}

// → {application_server_key, result: [{id, fingerprint, is_on, off_because, last_seen_at, …}]}
export function list(site) {
  return call(site, "GET", site.api);
}

// → the id of the server's row for this browser. `replaces` names what it had before and has no more, if anything: what
// is on the way to that goes to the new one.
export async function add(site, subscription, key, replaces) {
  const content = { ...subscription.toJSON(), applicationServerKey: key, replaces };
  return (await call(site, "POST", site.api, content)).result.id;
}

// What names a subscription to the server, whoever is signed in: its browser alone knows both.
export function secretOf(subscription) {
  const { endpoint, keys } = subscription.toJSON();
  return { endpoint, keys: { auth: keys.auth } };
}

export async function remove(site, subscription) {
  await call(site, "DELETE", site.api, secretOf(subscription));
}

export async function removeRow(site, id) {
  await call(site, "DELETE", site.api, { id });
}

// → {is_on, …}: what the server knows of this browser, whoever is signed in; null when it knows nothing
export async function stateOf(site, subscription) {
  try {
    return (await call(site, "POST", `${site.api}/state`, secretOf(subscription))).result;
  } catch (trouble) {
    if (trouble.status === 404) return null;
    throw trouble;
  }
}

// → the address that tells what becomes of the test
export async function startTest(site, id) {
  const { result } = await call(site, "POST", `${site.api}/${id}/test`, {});
  return result.url;
}

// → {state, is_final, words, …}
export async function stateOfTest(site, url) {
  const { result } = await call(site, "GET", url);
  return result;
}

async function call(site, method, url, content) {
  // Whoever has signed in or out since this page was opened must not be acted for.
  const headers = { Accept: "application/json", "Webpush-User": site.user ?? "" };
  if (content) headers["Content-Type"] = "application/json";
  const answer = await reach(url, { method, headers, body: content && JSON.stringify(content) });
  const json = await answer.json().catch(() => null);
  const user = answer.headers.get("Webpush-User");
  if (user !== null && user !== (site.user ?? "")) throw new Trouble("stale", "");
  if (!answer.ok || !json) {
    const { status } = answer;
    throw new Trouble("refused", json?.message ?? `HTTP ${status}`, { status });
  }
  return json;
}

async function reach(url, request) {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    return await fetch(url, { ...request, cache: "no-store", redirect: "error", signal });
  } catch {
    throw new Trouble("offline", ""); // what browsers say of it helps nobody
  }
}
