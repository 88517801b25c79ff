// A message that was typed but not accepted (signed out meanwhile, the server away, a closed laptop) is there again when
// the form is opened. It is kept in this tab alone, until the server says that it was sent or the person signs out.
// Beside it is kept with which key it was sent: if it did arrive and only the answer was lost, it is not stored twice.

const PREFIX = "draft:";
const SENT_WITH = "#sent-with";

export function keepDrafts() {
  if (!isStorageThere()) return;
  for (const sent of document.querySelectorAll("[data-sent-to]")) forget(PREFIX + sent.dataset.sentTo);
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
  const sendingKey = box.querySelector("[name=sending_key]");
  const key = PREFIX + box.dataset.draft;
  if (!field.defaultValue) { // a new form; the browser itself may have filled in what was typed
    field.value ||= sessionStorage.getItem(key) ?? "";
    sendingKey.value = sessionStorage.getItem(key + SENT_WITH) ?? sendingKey.value;
  }
  field.dispatchEvent(new Event("input"));
  field.addEventListener("input", () => {
    if (field.value) sessionStorage.setItem(key, field.value);
    else forget(key);
  });
  field.form.addEventListener("submit", () => {
    if (field.value) sessionStorage.setItem(key + SENT_WITH, sendingKey.value);
  });
}

function forget(key) {
  sessionStorage.removeItem(key);
  sessionStorage.removeItem(key + SENT_WITH);
}

function forgetAll() {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  }
}
