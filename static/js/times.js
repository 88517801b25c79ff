// Keeps "3 minutes ago" true while the page stays open, and says the exact time in the reader's own zone on hover.

const STEPS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];
const JUST_NOW_SECONDS = 45;

export function keepTimesCurrent() {
  refreshTimes(document);
  setInterval(() => document.hidden || refreshTimes(document), 30_000);
  document.addEventListener("visibilitychange", () => document.hidden || refreshTimes(document));
}

export function refreshTimes(root) {
  const language = document.documentElement.lang;
  const exact = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "always" });
  for (const element of root.querySelectorAll("time[data-ago]")) {
    const moment = new Date(element.dateTime);
    element.title = exact.format(moment);
    const seconds = (moment.getTime() - Date.now()) / 1000;
    if (seconds > -JUST_NOW_SECONDS) continue; // the server wrote "just now"; the two clocks may differ a little
    const [unit, size] = STEPS.find(([, length]) => -seconds >= length) ?? ["minute", 60];
    element.textContent = relative.format(Math.round(seconds / size) || -1, unit);
  }
}
