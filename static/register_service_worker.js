// Puts `registerServiceWorker` on `window`. Loaded as a classic script or as a module, whichever a page likes: that is
// why it has no import or export of its own.

// Registers the worker for the whole site; where the browser's permission is given, subscribes and tells the server,
// else shows our own question. It never asks for the permission by itself. Resolves to the state this browser is in.
//
// The first one stays: where a page loads this file from a second address too, what it starts is still one.
window.registerServiceWorker ??= async (serviceWorkerUrl, applicationServerPublicKey, apiEndpoint) => {
  const { startPush } = await import("./js/push_start.js");
  return startPush({ workerUrl: serviceWorkerUrl, key: applicationServerPublicKey, api: apiEndpoint });
};
