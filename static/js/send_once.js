// A second click on "Send" while the first is under way would send the same message twice.

const AGAIN_AFTER_MS = 8000;

export function sendOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.isSent) {
      event.preventDefault();
      return;
    }
    form.dataset.isSent = "true";
    setTimeout(() => delete form.dataset.isSent, AGAIN_AFTER_MS); // stopped, or the server did not answer
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-is-sent]")) delete form.dataset.isSent;
  });
}
