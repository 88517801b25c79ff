// A message that was typed but not accepted (signed out meanwhile, the server away, a closed laptop) is there again when
// the form is opened. It is kept in this tab alone, and given up when it was sent or the person signs out.

const PREFIX = "draft:";
const SENT = "draft-sent:";

export function keepDrafts() {
  if (!isStorageThere()) return;
  settle();
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

// A form was submitted and this page is the answer: an ordinary page means it was taken.
function settle() {
  const wasTaken =
    document.body.dataset.notificationsUrl &&
    !document.querySelector("[data-error-page], [data-draft] .is-invalid");
  for (const key of Object.keys(sessionStorage)) {
    if (!key.startsWith(SENT)) continue;
    if (wasTaken) sessionStorage.removeItem(PREFIX + key.slice(SENT.length));
    sessionStorage.removeItem(key);
  }
}

function keep(box) {
  const field = box.querySelector("textarea");
  const key = box.dataset.draft;
  if (!field.value) field.value = sessionStorage.getItem(PREFIX + key) ?? "";
  field.dispatchEvent(new Event("input"));
  field.addEventListener("input", () => {
    if (field.value) sessionStorage.setItem(PREFIX + key, field.value);
    else sessionStorage.removeItem(PREFIX + key);
  });
  field.form.addEventListener("submit", () => sessionStorage.setItem(SENT + key, "1"));
}

function forgetAll() {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX) || key.startsWith(SENT)) sessionStorage.removeItem(key);
  }
}
