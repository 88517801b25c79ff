// The number of unread messages, beside "Messages"; hidden at 0. Sentences about it on the page follow.

export function set_message_count(n) {
  const badge = document.getElementById("message_count");
  if (!badge) return;
  const count = Math.max(0, Math.trunc(Number(n)) || 0);
  const number = badge.querySelector(".number");
  if (number.textContent !== String(count)) {
    number.textContent = String(count);
    badge.classList.remove("has-changed");
    void badge.offsetWidth; // so that the animation starts again
    badge.classList.add("has-changed");
  }
  badge.hidden = count === 0;
  for (const element of document.querySelectorAll("[data-when-unread]")) element.hidden = count === 0;
  for (const element of document.querySelectorAll("[data-when-all-read]")) element.hidden = count > 0;
}
