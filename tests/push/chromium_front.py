"""The part of the stand-in for Google's backend that speaks HTTPS: where browsers check in and register, and the
endpoints that senders call."""

import time
from collections.abc import Callable
from urllib.parse import parse_qsl

from tests.push import verifier
from tests.push.chromium_protobuf import Fixed64, decode, encode, number_in
from tests.push.chromium_registry import Received, Registration, Registry
from tests.push.listener import Asked, Reply
from tests.push.verifier import Refused

# Under these names builds of Chromium hand out endpoints; Debian's uses the second.
HOSTS = ("fcm.googleapis.com", "jmt17.google.com", "android.googleapis.com")
CHECK_IN, REGISTRATION = "/checkin", "/register"
ENDPOINTS = ("/fcm/send/", "/wp/")
SUBTYPE_OF_PAGES = "wp:"
AUTHORIZATION_OF_BROWSERS = "AidLogin "


class Front:
    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.registrations: list[Registration] = []
        self.received: list[Received] = []
        self.refusals: list[Refused] = []

    def react(self, asked: Asked) -> Reply:
        try:
            return self._route(asked)
        except Refused as refused:
            self.refusals.append(refused)
            return Reply(refused.status, {"content-type": "text/plain"}, refused.reason.encode())

    def _route(self, asked: Asked) -> Reply:
        path = asked.path.partition("?")[0]
        routes: dict[str, Callable[[Asked], Reply]] = {CHECK_IN: self._check_in, REGISTRATION: self._register}
        if asked.method != "POST":
            raise Refused(405, f"{asked.method} {path}")
        if path.startswith(ENDPOINTS):
            return self._push(asked, path)
        if path not in routes:
            raise Refused(404, f"there is no {path}")
        return routes[path](asked)

    def _check_in(self, asked: Asked) -> Reply:
        device = self.registry.check_in(number_in(decode(asked.body), 2))
        now_ms, names = int(time.time() * 1000), [(7, Fixed64(device.id)), (8, Fixed64(device.security_token))]
        return Reply(200, {"content-type": "application/x-protobuf"}, encode([(1, 1), (3, now_ms), *names, (9, 0)]))

    def _register(self, asked: Asked) -> Reply:
        login = asked.headers.get("authorization", "").removeprefix(AUTHORIZATION_OF_BROWSERS)
        device_id, _, security_token = login.partition(":")
        device = self.registry.device(device_id, security_token)
        form = dict(parse_qsl(asked.body.decode(), strict_parsing=True))
        app, subtype = form["app"], form.get("X-subtype", "")
        if form.get("delete") == "true":
            self.registry.unregister(device, app, subtype)
            return _text(f"deleted={app}")
        made = self.registry.register(device, app, subtype, form["sender"])
        # Chromium registers services of its own too, and no page ever sees those.
        if subtype.startswith(SUBTYPE_OF_PAGES):
            self.registrations.append(made)
        return _text(f"token={made.token}")

    def _push(self, asked: Asked, path: str) -> Reply:
        """Checked in the order of a real one: who is it for, who is it from, what is it."""
        host = asked.headers.get("host", "")
        if host not in HOSTS:
            raise Refused(421, f"no push service is called {host!r}")
        registration = self.registry.registration(path.rpartition("/")[2])
        endpoint, authorization = f"https://{host}{path}", asked.headers.get("authorization", "")
        claims = verifier.verify_vapid(authorization, endpoint, registration.application_server_key)
        verifier.verify_headers(asked.headers)
        verifier.verify_body(asked.body)
        persistent_id = self.registry.next_persistent_id()
        push = Received(endpoint, asked.headers, asked.body, claims, registration, persistent_id)
        self.received.append(push)
        self.registry.devices[registration.device_id].enqueue(push)
        return Reply(201, {"location": f"https://{host}/{persistent_id}"})


def _text(answer: str) -> Reply:
    return Reply(200, {"content-type": "text/plain"}, answer.encode())
