// After a form came back with something to mend, the first such field has the focus: its error is read out and seen.

export function showFirstError() {
  document.querySelector("main .is-invalid")?.focus();
}
