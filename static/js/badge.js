// The numbers in the navigation: unread messages beside "Messages", and everything unread beside the bell; hidden at 0.
// Sentences about them on the page follow, and so does the page's title: "(3) …".

export function set_message_count(n) {
  const count = show("message_count", n);
  showWhen("[data-when-unread]", count > 0);
  showWhen("[data-when-all-read]", count === 0);
}

export function set_notification_count(n) {
  const count = show("notification_count", n);
  showWhen("[data-when-inbox-unread]", count > 0);
  const title = document.title.replace(/^\(\d+\) /, "");
  document.title = count ? `(${count}) ${title}` : title;
}

function show(id, n) {
  const count = Math.max(0, Math.trunc(Number(n)) || 0);
  const badge = document.getElementById(id);
  if (!badge) return count;
  const number = badge.querySelector(".number");
  if (number.textContent !== String(count)) {
    number.textContent = String(count);
    badge.classList.remove("has-changed");
    void badge.offsetWidth; // so that the animation starts again
    badge.classList.add("has-changed");
  }
  badge.hidden = count === 0;
  return count;
}

function showWhen(which, isSo) {
  for (const element of document.querySelectorAll(which)) element.hidden = !isSo;
}
