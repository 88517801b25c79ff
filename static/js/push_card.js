// The card about notifications. All its words are in templates/web/push_card.html; here its parts are shown and hidden.
import { agree, turnOff, turnOn } from "./push_agreement.js";
import { family } from "./push_browser.js";
import { isPutOff, putOff } from "./push_memory.js";
import { sendTest } from "./push_test.js";

export function findCard() {
  return document.querySelector("[data-push-card][data-push-always]") ?? document.querySelector("[data-push-card]");
}

// → {show(state), check()}
export function openCard(card, site) {
  const isAlways = "pushAlways" in card.dataset;
  let isEngaged = false; // the person has pressed something here: from then on they are told how it went
  let isBusy = false;
  let state = null;

  const actions = {
    on: () => change("asking", () => turnOn(site, () => showOnly(card, "progress", "busy"))),
    off: () => change("busy", () => turnOff(site)),
    again: () => change("busy", () => agree(site)),
    test: () => busily("testing", test),
    "not-now": () => {
      putOff();
      card.hidden = true;
    },
  };

  function show(next) {
    state = next;
    card.dataset.pushNow = state.name;
    showOnly(card, "progress", null);
    showOnly(card, "state", state.name);
    showOnly(card, "trouble", state.kind);
    showOnly(card, "test", null);
    write(card, "words", "");
    write(card, "said", state.said ?? "");
    for (const note of card.querySelectorAll("[data-push-dismissed]")) note.hidden = !state.isDismissed;
    card.hidden = !(isAlways || isEngaged || (state.name === "ask" && !isPutOff()));
  }

  async function change(progress, work) {
    await busily(progress, async () => {
      show(await work().catch(asState));
    });
    // The button that was pressed may be gone with its block: a keyboard and a screen reader go on at the new one.
    card.querySelector(`[data-push-state="${state.name}"] h2`)?.focus();
  }

  async function busily(progress, work) {
    isBusy = isEngaged = true;
    card.setAttribute("aria-busy", "true");
    showOnly(card, "progress", progress);
    try {
      await work();
    } finally {
      isBusy = false;
      card.removeAttribute("aria-busy");
      showOnly(card, "progress", null);
    }
  }

  async function test() {
    showOnly(card, "test", null);
    write(card, "words", "");
    const end = await sendTest(site, state.id, (words) => write(card, "words", words));
    if (end === "gone") show(await agree(site).catch(asState)); // a new one takes its place
    showOnly(card, "test", end);
  }

  offerYourBrowser(card);
  card.addEventListener("click", (event) => {
    if (!isBusy) actions[event.target.closest("[data-push-do]")?.dataset.pushDo]?.();
  });
  // Neither takes away what is just being asked or done.
  return { show: (next) => isBusy || show(next), check: async () => isBusy || show(await agree(site).catch(asState)) };
}

export function asState(error) {
  return { name: "trouble", kind: error.kind ?? "unknown", said: error.said ?? String(error) };
}

function showOnly(card, group, wanted) {
  for (const part of card.querySelectorAll(`[data-push-${group}]`)) {
    part.hidden = part.getAttribute(`data-push-${group}`) !== wanted;
  }
}

function write(card, place, text) {
  for (const element of card.querySelectorAll(`[data-push-${place}]`)) {
    element.textContent = text;
    element.hidden = !text;
  }
}

// The words for the browser in use stand first, those for the others below them in a <details>.
function offerYourBrowser(card) {
  card.querySelector("[data-push-yours]")?.append(...card.querySelectorAll(`[data-push-family="${family()}"]`));
}
