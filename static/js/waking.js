// Says when this machine has slept: a clock that should have been looked at every few seconds was not, for a while.

const LOOK_EVERY_MS = 5000;
const ASLEEP_MS = 30_000;

export function onWaking(callback) {
  let last = Date.now();
  setInterval(() => {
    const now = Date.now();
    const hasSlept = now - last > ASLEEP_MS;
    last = now;
    if (hasSlept && !document.hidden) callback(); // a hidden tab's clock is slowed down by the browser
  }, LOOK_EVERY_MS);
}
