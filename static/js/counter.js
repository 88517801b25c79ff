// Says how many characters are left, counted as the server counts them: as a person sees them.

const segmenter = typeof Intl.Segmenter === "function" ? new Intl.Segmenter() : null;
const SHOWN_FROM_SHARE = 0.5;
const SPOKEN_FROM = 10;

export function countCharacters() {
  for (const field of document.querySelectorAll("textarea[data-most]")) watch(field);
}

function watch(field) {
  const texts = field.closest("[data-count-text]")?.dataset;
  if (!texts) return;
  const most = Number(field.dataset.most);
  const counter = document.createElement("span");
  counter.className = "counter";
  field.after(counter);

  function show() {
    const count = length(field.value);
    const left = most - count;
    counter.classList.toggle("is-over", left < 0);
    counter.setAttribute("aria-live", left <= SPOKEN_FROM ? "polite" : "off");
    counter.textContent =
      left < 0 ? texts.overText.replace("{over}", String(-left))
      : count >= most * SHOWN_FROM_SHARE ? texts.countText.replace("{left}", String(left))
      : "";
  }

  field.addEventListener("input", show);
  show();
}

function length(value) {
  const tidy = value.normalize("NFC").trim();
  return segmenter ? [...segmenter.segment(tidy)].length : [...tidy].length;
}
