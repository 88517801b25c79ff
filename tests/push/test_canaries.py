"""Secrets and texts go through the real server and the real worker, through all that goes well and much that fails; and
none of them comes out in what the two say."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.chosen import POSTGRESQL, SQLITE
from tests.people import PASSWORD
from tests.push.listener import Garbage, Odd, Reaction, Reply
from tests.push.product import Person, Product, eventually, product
from tests.push.service import APPLE, GOOGLE, MOZILLA, WINDOWS, PushService, Subscribed
from tests.server.visitors import Visitor
from webpush_app.protocol import vapid_keys

TEXT = "Dinner at eight, and tell nobody"
HEADLINE, NEWS = "We move to Lisbon", "Nobody knows of it yet"
KEY = vapid_keys.generate()
SETTINGS = {
    "VAPID_PRIVATE_KEY": KEY.private_text,
    "METRICS_TOKEN": "open-sesame-please",
    "SECRET_KEY": "a secret of these tests alone, and of nobody else",
    "LOG_LEVEL": "DEBUG",
}
LINK = "Zx3Yt7gAAAAABl5xKq9vQ0aB1cD2eF3g"  # such as the start prints for the first admin
PLACES = (MOZILLA, GOOGLE, "android.googleapis.com", "jmt17.google.com", APPLE, WINDOWS)


Post = Callable[..., int]


@dataclass
class Watched:
    product: Product
    service: PushService
    canaries: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.canaries |= {name: value for name, value in SETTINGS.items() if name != "LOG_LEVEL"}
        self.canaries |= {"text": TEXT, "link": LINK, "password": PASSWORD, "headline": HEADLINE, "news": NEWS}

    def output(self) -> str:
        return f"{self.product.server.output}\n{self.product.worker.output}"

    def person(self, name: str) -> Person:
        person = self.product.newcomer(name)
        self._note_cookie(person.cookie)
        return person

    def browser(self, person: Person, host: str) -> Subscribed:
        subscribed = self.service.subscribe(KEY.public, host)
        self.note_browser(subscribed)
        answer = person.ask("POST", "/api/push-subscriptions", subscribed.to_json())
        assert answer.status == 201, answer.text
        return subscribed

    def note_browser(self, subscribed: Subscribed) -> None:
        keys = subscribed.to_json()["keys"]
        assert isinstance(keys, dict)
        token = re.split(r"[/=]", subscribed.endpoint)[-1]
        for name, secret in (("endpoint", token), ("p256dh", keys["p256dh"]), ("auth", keys["auth"])):
            self.canaries[f"{name} {len(self.canaries)}"] = secret

    @contextmanager
    def at_a_form(self, cookie: str = "") -> Iterator[Post]:
        """Where a form can be sent from, whatever happens until then."""
        with Visitor(self.product.server.port, cookie) as visitor:
            token = visitor.token("/edit_profile" if cookie else "/login")
            self.canaries[f"form token {len(self.canaries)}"] = token
            self._note_cookie(visitor.cookie)
            yield lambda path, **fields: visitor.post(path, csrf_token=token, **fields).status

    @contextmanager
    def without(self, table: str) -> Iterator[None]:
        """Whoever asks for it meanwhile is let down by the database."""
        self.product.database.write(f"ALTER TABLE {table} RENAME TO away")
        try:
            yield
        finally:
            self.product.database.write(f"ALTER TABLE away RENAME TO {table}")

    def misses(self, table: str) -> str:
        """What the database says where it is not there."""
        said = {SQLITE: f"no such table: {table}", POSTGRESQL: f'relation "{table}" does not exist'}
        return said[self.product.database.kind]

    def _note_cookie(self, cookie: str) -> None:
        for part in cookie.split("."):
            if len(part) > 10:
                self.canaries[f"cookie {len(self.canaries)}"] = part


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    (tmp_path / "service").mkdir()
    (tmp_path / "instance").mkdir()
    with (
        PushService(tmp_path / "service") as service,
        product(tmp_path / "instance", service.stand_in, service.ca_file, **SETTINGS) as started,
    ):
        yield Watched(started, service)


def reactions(subscribed: Subscribed) -> list[Reaction]:
    """Bad ones, of which some repeat the endpoint, as real push services do."""
    endpoint = subscribed.endpoint.encode()
    path = subscribed.endpoint.partition("://")[2].partition("/")[2].encode()
    return [
        Reply(404, {}, b"The requested URL /" + path + b" was not found on this server."),
        Reply(500, {"Content-Type": "application/json"}, b'{"url": "' + endpoint + b'"}'),
        Reply(302, {"Location": subscribed.endpoint}),
        Reply(400, {"X-WNS-Error-Description": subscribed.endpoint}, endpoint),
        Garbage(b"HTTP/1.1 banana " + path + b"\r\n\r\n"),
        Odd.RESET,
    ]


def all_goes_well(watched: Watched, susan: Person, john: Person) -> None:
    phone = watched.browser(susan, MOZILLA)
    with watched.at_a_form(john.cookie) as post:
        assert post(f"/send_message/{susan.name}", message=TEXT) == 302
    watched.product.admin.broadcast(HEADLINE, NEWS)
    phone.wait_for(2)
    header = {"Authorization": f"Bearer {SETTINGS['METRICS_TOKEN']}"}
    with Visitor(watched.product.server.port, susan.cookie) as visitor:
        assert visitor.ask("GET", "/metrics", headers={**header, "X-Forwarded-For": "192.0.2.7"}).status == 200
        assert visitor.get("/readyz").status in (200, 503)


def push_services_answer_badly(watched: Watched, susan: Person, john: Person) -> None:
    asked = [watched.browser(susan, host) for host in PLACES]
    for number, subscribed in enumerate(asked):
        subscribed.answer_with(reactions(subscribed)[number])
    with watched.at_a_form(john.cookie) as post:
        assert post(f"/send_message/{susan.name}", message=TEXT) == 302
    for subscribed in asked:
        subscribed.wait_for(1)


def the_database_lets_them_down_over_a_message(watched: Watched, susan: Person, john: Person) -> None:
    path = f"/send_message/{susan.name}"
    with watched.at_a_form(john.cookie) as post, ExitStack() as until_said:
        with watched.product.worker_held():
            assert post(path, message=TEXT) == 302
            until_said.enter_context(watched.without("messages"))
        assert post(path, message=TEXT) == 500
        eventually(lambda: watched.misses("messages") in watched.product.worker.output, wanted=True)


def the_database_lets_them_down_over_secrets(watched: Watched, susan: Person, john: Person) -> None:
    with watched.without("push_subscriptions"):
        new = watched.service.subscribe(KEY.public)
        watched.note_browser(new)
        assert susan.ask("POST", "/api/push-subscriptions", new.to_json()).status == 500
    with watched.without("login_sessions"), Visitor(watched.product.server.port, susan.cookie) as visitor:
        assert visitor.get(f"/messages/with/{john.name}").status == 500
    with watched.without("users"), Visitor(watched.product.server.port) as visitor:
        assert visitor.get(f"/first-admin/{LINK}").status == 500
    with watched.at_a_form() as post, watched.without("users"):
        assert post("/register", username="newcomer", password=PASSWORD, password2=PASSWORD) == 500


def requests_make_no_sense(watched: Watched, john: Person) -> None:
    port = watched.product.server.port
    for request in (
        f"GET /first-admin/{LINK} HTTP/banana\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nbad name {LINK}: x\r\n\r\n",
        f"GET /first-admin/{LINK} HTTP/1.1\r\nHost: localhost\r\nCookie: webpush_session={john.cookie}\r\n bad\r\n\r\n",
    ):
        with closing(socket.create_connection(("127.0.0.1", port), timeout=5)) as raw:
            raw.sendall(request.encode())
            raw.recv(65536)
    with Visitor(port, john.cookie) as visitor:
        assert visitor.post("/send_message/nobody", csrf_token="x" * 40, message=TEXT).status == 400


@pytest.mark.timeout(180)
def test_nothing_private_is_said(watched: Watched) -> None:
    susan, john = watched.person("susan"), watched.person("john")
    all_goes_well(watched, susan, john)
    push_services_answer_badly(watched, susan, john)
    the_database_lets_them_down_over_a_message(watched, susan, john)
    the_database_lets_them_down_over_secrets(watched, susan, john)
    requests_make_no_sense(watched, john)
    said = watched.output()
    for known in (
        "webpush_app.accounts.login: account_created username=susan",
        "unexpected_error method=POST route=/send_message/<recipient>",
        "unexpected_error method=POST route=/api/push-subscriptions",
        "unexpected_error method=GET route=/messages/with/<username>",
        "unexpected_error method=GET route=/first-admin/<token>",
        "unexpected_error method=POST route=/register",
        *(watched.misses(table) for table in ("messages", "push_subscriptions", "login_sessions", "users")),
        "[SQL: ",
        "Traceback (most recent call last):",
    ):
        assert known in said, f"the log does not even hold {known!r}"
    assert watched.misses("messages") in watched.product.worker.output
    assert len(watched.canaries) > 40
    assert {name for name, canary in watched.canaries.items() if canary in said} == set()
