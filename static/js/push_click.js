// A click on a notification brought this page to the front because it is the right one already. What the notification
// told of may not be on it yet, so it is loaded again, unless something is half written that would be lost.

export function showNews() {
  navigator.serviceWorker.addEventListener("message", (event) => {
    if (event.data?.clicked && !isHalfWritten()) location.replace(event.data.clicked);
  });
}

function isHalfWritten() {
  const fields = document.querySelectorAll("main :is(input, textarea):not([type=hidden])");
  return [...fields].some((field) => isChanged(field) && !field.closest("[data-draft]")); // drafts are kept
}

function isChanged(field) {
  return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
}
