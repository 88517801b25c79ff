// What the system shows of ours, and the badge of the installed app, follow the inbox.

export function settleShown(inbox) {
  navigator.serviceWorker?.controller?.postMessage({ inbox });
}
