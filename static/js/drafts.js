// A message that was typed but not accepted (signed out meanwhile, the server away, a closed laptop) is there again when
// the form is opened. It is kept in this tab alone, until the server says that it was sent or the person signs out.

const PREFIX = "draft:";

export function keepDrafts() {
  if (!isStorageThere()) return;
  for (const sent of document.querySelectorAll("[data-sent-to]")) {
    sessionStorage.removeItem(PREFIX + sent.dataset.sentTo);
  }
  for (const box of document.querySelectorAll("[data-draft]")) keep(box);
  document.addEventListener("submit", (event) => {
    if (event.target.action.endsWith("/logout")) forgetAll();
  });
}

function isStorageThere() {
  try {
    return Boolean(window.sessionStorage);
  } catch {
    return false;
  }
}

function keep(box) {
  const field = box.querySelector("textarea");
  const key = PREFIX + box.dataset.draft;
  if (!field.value) field.value = sessionStorage.getItem(key) ?? "";
  field.dispatchEvent(new Event("input"));
  field.addEventListener("input", () => {
    if (field.value) sessionStorage.setItem(key, field.value);
    else sessionStorage.removeItem(key);
  });
}

function forgetAll() {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  }
}
