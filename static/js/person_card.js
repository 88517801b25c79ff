// A card about a person, over any of their names: opened by the mouse that rests there and by keyboard focus, closed by
// leaving and by Escape. It stands right behind the name, so the Tab key walks into it.
import { refreshTimes } from "./times.js";

const OPEN_AFTER_MS = 250;
const CLOSE_AFTER_MS = 250;
const KEPT_MS = 60_000;
const GAP_PX = 8;

const kept = new Map(); // address → {html, until}
let card = null; // {element, link}
let timer = null;

export function openCards() {
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "touch") enter(event.target);
  });
  document.addEventListener("focusin", (event) => enter(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    clearTimeout(timer);
    if (card) {
      const { link, element } = card;
      if (element.contains(document.activeElement)) link.focus();
      close();
    }
  });
}

function enter(target) {
  const link = target.closest("a[data-card]");
  const isInside = card && (card.element.contains(target) || card.link === link);
  clearTimeout(timer);
  if (isInside) return;
  if (link) timer = setTimeout(() => open(link), OPEN_AFTER_MS);
  else if (card) timer = setTimeout(close, CLOSE_AFTER_MS);
}

async function open(link) {
  const html = await fetchCard(link.dataset.card);
  // The mouse or the focus may have moved on while the card was on its way.
  if (!html || !(link.matches(":hover") || link === document.activeElement)) return;
  close();
  const element = document.createElement("div");
  element.className = "person-card";
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", link.textContent);
  element.innerHTML = html; // our own server's, with every name and text escaped there
  link.closest(".person").append(element);
  refreshTimes(element);
  place(element, link);
  link.setAttribute("aria-expanded", "true");
  card = { element, link };
}

function close() {
  clearTimeout(timer);
  card?.element.remove();
  card?.link.setAttribute("aria-expanded", "false");
  card = null;
}

async function fetchCard(address) {
  const known = kept.get(address);
  if (known && known.until > Date.now()) return known.html;
  try {
    const response = await fetch(address, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!response.ok) return null;
    const html = await response.text();
    kept.set(address, { html, until: Date.now() + KEPT_MS });
    return html;
  } catch {
    return null; // the link itself still leads to the profile
  }
}

// Below the name where there is room, else above it, else as high as it takes to be seen whole.
function place(element, link) {
  const name = link.getBoundingClientRect();
  const size = element.getBoundingClientRect();
  const header = document.querySelector(".site-header")?.getBoundingClientRect().bottom ?? 0;
  const overflow = name.left + size.width + GAP_PX - document.documentElement.clientWidth;
  const lowest = window.innerHeight - size.height - GAP_PX;
  const above = name.top - size.height - GAP_PX;
  let top = name.bottom + GAP_PX;
  if (top > lowest) top = above >= header ? above : Math.max(lowest, header);
  const box = link.closest(".person").getBoundingClientRect();
  element.style.left = `${name.left - box.left - Math.max(0, overflow)}px`;
  element.style.top = `${top - box.top}px`;
}
