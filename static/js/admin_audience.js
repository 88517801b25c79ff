// Whom a broadcast would reach, said beside the choice. The server wrote the sentence for each choice.

export function showAudience() {
  for (const choice of document.querySelectorAll('select[name="audience"]')) {
    const show = () => say(choice);
    choice.addEventListener("change", show);
    window.addEventListener("pageshow", show); // a browser that goes back puts the old choice in by itself
    show();
  }
}

function say(choice) {
  const { words = "", size } = choice.selectedOptions[0]?.dataset ?? {};
  for (const element of choice.form.querySelectorAll("[data-audience-size]")) {
    element.setAttribute("aria-live", "polite");
    element.classList.toggle("is-empty", size === "0");
    if (element.textContent !== words) element.textContent = words;
  }
}
