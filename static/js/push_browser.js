// What this browser is able to do, and which family of browsers it is of.

// Why there can be no push here, whatever the person chooses; null where there can.
export function obstacle() {
  if (!window.isSecureContext) return "insecure"; // before all else: what is missing may be missing because of it
  if ("serviceWorker" in navigator && "PushManager" in window && "Notification" in window) return null;
  return isAppleTouch() && navigator.standalone !== true ? "install" : "unsupported";
}

// An iPad says that it is a Mac, but no Mac has a touch screen.
function isAppleTouch() {
  const { userAgent, maxTouchPoints } = navigator;
  return /iPhone|iPad|iPod/.test(userAgent) || (userAgent.includes("Macintosh") && maxTouchPoints > 1);
}

// For the words on how to unblock: every browser keeps its switch somewhere else.
export function family() {
  const { userAgent } = navigator;
  if (/Edg(e|A|iOS)?\//.test(userAgent)) return "edge";
  if (/Firefox\/|FxiOS\//.test(userAgent)) return "firefox";
  return /Chrom(e|ium)\//.test(userAgent) ? "chrome" : "safari";
}
