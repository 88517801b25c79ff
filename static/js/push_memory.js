// What this browser remembers about push between visits; where storage is switched off, only until the page is left.

export const ANONYMOUS = "anonymous";
const OWNER = "webpush-push-owner";
const ROW = "webpush-push-row";
const TURNED_OFF = "webpush-push-off";
const PUT_OFF = "webpush-push-not-now";
const PUT_OFF_MS = 30 * 24 * 3600 * 1000;

const whileOpen = new Map();

// For whom this browser was turned on last: the id of a person, or "anonymous"; null if it never was.
export function owner() {
  return read(OWNER);
}

export function rememberOwner(user) {
  write(OWNER, user ?? ANONYMOUS);
}

// The server's row for this browser. When its subscription is lost, the row is all that is left to name it by.
export function row() {
  return Number(read(ROW)) || null;
}

export function rememberRow(id) {
  write(ROW, String(id));
}

// The person turned it off here. Nothing but their own click turns it on again.
export function isTurnedOff() {
  return read(TURNED_OFF) !== null;
}

export function rememberTurnedOff(isOff) {
  write(TURNED_OFF, isOff ? "yes" : null);
}

// "Not now" holds for 30 days.
export function isPutOff() {
  const age = Date.now() - Number(read(PUT_OFF) ?? NaN);
  return age >= 0 && age < PUT_OFF_MS;
}

export function putOff() {
  write(PUT_OFF, String(Date.now()));
}

export function isForgetful() {
  try {
    return !window.localStorage;
  } catch {
    return true;
  }
}

function read(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return whileOpen.get(name) ?? null;
  }
}

function write(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    whileOpen.set(name, value);
  }
}
