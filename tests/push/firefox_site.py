"""A site of one page and one worker on 127.0.0.1, as small as push allows; each has an origin of its own."""

import base64
import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from pywebpush import WebPusher

from tests.push.autopush import ORIGIN, Autopush
from tests.push.certificate import Certificate

PAGE = """<!doctype html><meta charset="utf-8"><title>Site</title><button id="ask">Ask</button>
<script>
async function subscribe(key) {
  await navigator.serviceWorker.register("/worker.js");
  const registration = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: key };
  return (await registration.pushManager.subscribe(options)).toJSON();
}
async function subscription() {
  const found = await (await navigator.serviceWorker.ready).pushManager.getSubscription();
  return found ? found.toJSON() : null;
}
async function unsubscribe() {
  await (await (await navigator.serviceWorker.ready).pushManager.getSubscription()).unsubscribe();
}
async function noted() {
  return (await (await caches.open("notes")).keys()).map((request) => new URL(request.url).pathname.slice(1));
}
document.querySelector("#ask").addEventListener("click", async () => {
  document.title = await Notification.requestPermission();
});
</script>
"""

WORKER = """
const note = async (what) => (await caches.open("notes")).put("/" + what, new Response(""));
self.addEventListener("push", (event) => {
  const { title, ...options } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, options));
});
const open = async (url) => {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = windows.find((one) => new URL(one.url).pathname === url);
  return there ? there.focus() : self.clients.openWindow(url);
};
self.addEventListener("notificationclick", (event) => {
  event.waitUntil(event.action ? note(event.action) : open(event.notification.data));
});
self.addEventListener("notificationclose", (event) => event.waitUntil(note("closed")));
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(note("changed")));
"""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, text = ("text/javascript", WORKER) if self.path == "/worker.js" else ("text/html", PAGE)
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is http.server's
        pass


@contextmanager
def site() -> Iterator[str]:
    """Its address, without a slash at the end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="site")
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Sender:
    """The site's side: its key, and pushes made by pywebpush and sent to the stand-in."""

    def __init__(self, autopush: Autopush, certificate: Certificate) -> None:
        self.vapid = Vapid02()
        self.vapid.generate_keys()
        self._port = autopush.https_port
        self._tls = ssl.create_default_context(cafile=str(certificate.ca_file))

    @property
    def key(self) -> str:
        point = self.vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).rstrip(b"=").decode()

    def push(self, subscription: dict[str, Any], message: dict[str, Any], **headers: str) -> int:
        """The status that is answered."""
        encoded = WebPusher(subscription).encode(json.dumps(message).encode())
        return self.send(subscription["endpoint"], encoded["body"], **headers)

    def send(self, endpoint: str, body: bytes, **headers: str) -> int:
        where = urlsplit(endpoint)
        claims = {"sub": "mailto:push@example.com", "aud": ORIGIN}
        sent = {
            **self.vapid.sign(claims),
            "Host": where.netloc,
            "TTL": "60",
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
        }
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=10, context=self._tls)
        try:
            connection.request("POST", where.path, body, sent | headers)
            return connection.getresponse().status
        finally:
            connection.close()
