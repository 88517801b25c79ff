// "Send me a test": follows the push until it has arrived at the push service or has failed, in the server's words.
import { startTest, stateOfTest } from "./push_api.js";

const EVERY_MS = 400;
const PATIENCE_MS = 15_000;

// `say(words)` hears each new sentence. → how it ended: the state of the push, or "slow", "offline", "refused".
export async function sendTest(site, id, say) {
  try {
    return await follow(site, await startTest(site, id), say);
  } catch (trouble) {
    if (trouble.kind === "refused") say(trouble.said);
    return trouble.kind === "refused" ? "refused" : "offline";
  }
}

async function follow(site, url, say) {
  const until = Date.now() + PATIENCE_MS;
  let lastWords = "";
  while (Date.now() < until) {
    const push = await stateOfTest(site, url);
    if (push.words !== lastWords) say(push.words);
    lastWords = push.words;
    if (push.is_final) return push.state;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  return "slow";
}
