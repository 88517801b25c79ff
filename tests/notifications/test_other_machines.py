"""Web processes on several machines: each has an instance folder of its own, and they share PostgreSQL and Redis."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from flask import Flask

from tests.conftest import SECRET_KEY, AppMaker
from tests.databases import Database
from tests.engine.processes import wait_until
from tests.notifications.live_page import LivePage, cookie_of, live_page
from tests.people import Browser
from tests.redis_server import RedisServer
from tests.server.running import Server, running
from tests.server.visitors import Visitor
from webpush_app.protocol import vapid_keys

pytestmark = [pytest.mark.redis, pytest.mark.postgresql_only("several machines share no file")]

UNREAD = "unread_message_count"
# Where Redis is away each looks at everything every ten seconds.
BY_ITSELF_SECONDS = 15.0
AFTERWARDS_SECONDS = 5.0


@pytest.fixture
def app(make_app: AppMaker, own_redis: RedisServer) -> Flask:
    return make_app(engine_url=own_redis.url, embedded_worker=False)


@pytest.fixture
def machines(
    app: Flask, tmp_path_factory: pytest.TempPathFactory, database: Database, own_redis: RedisServer
) -> Iterator[list[Server]]:
    given = {"DATABASE_URL": database.url, "ENGINE_URL": own_redis.url, "SECRET_KEY": SECRET_KEY}
    given["VAPID_PRIVATE_KEY"] = vapid_keys.generate().private_text
    with ExitStack() as stack:
        folders = [tmp_path_factory.mktemp(name) for name in ("one", "two")]
        yield [stack.enter_context(running(folder, **given)) for folder in folders]


def counted(page: LivePage, number: int, seconds: float) -> float:
    """Until the page knows of so many unread messages: how long it took."""
    began = time.monotonic()
    while True:
        left = seconds - (time.monotonic() - began)
        assert left > 0, f"not told of {number} within {seconds} s"
        try:
            name, payload = page.event()
        except TimeoutError:
            continue
        if name == "notification" and any(one["name"] == UNREAD and one["data"] == number for one in payload):
            return time.monotonic() - began


def write(server: Server, author: Browser, recipient: str) -> None:
    with Visitor(server.port, cookie_of(author)) as visitor:
        path = f"/send_message/{recipient}"
        answer = visitor.post(path, csrf_token=visitor.token(path), message="hello")
        assert answer.status == 302, answer.text


def test_a_message_reaches_the_socket_that_another_machine_holds(
    machines: list[Server], susan: Browser, john: Browser
) -> None:
    one, two = machines
    with live_page(two.port, cookie_of(susan)) as here, live_page(one.port, cookie_of(susan)) as there:
        for number in (1, 2, 3):
            write(one, john, "susan")
            counted(here, number, BY_ITSELF_SECONDS / 2)
            counted(there, number, BY_ITSELF_SECONDS / 2)


def test_signing_out_on_one_machine_closes_the_socket_that_another_holds(
    machines: list[Server], susan: Browser
) -> None:
    one, two = machines
    with live_page(two.port, cookie_of(susan)) as page:
        with Visitor(one.port, cookie_of(susan)) as visitor:
            assert visitor.post("/logout", csrf_token=visitor.token()).status == 302
        assert page.is_closed_within()


def test_while_redis_is_away_sockets_are_told_all_the_same_and_afterwards_at_once(
    machines: list[Server], susan: Browser, john: Browser, own_redis: RedisServer
) -> None:
    one, two = machines
    with live_page(two.port, cookie_of(susan)) as page:
        write(one, john, "susan")
        counted(page, 1, BY_ITSELF_SECONDS)
        own_redis.stop()
        write(one, john, "susan")
        counted(page, 2, BY_ITSELF_SECONDS)
        wait_until(lambda: "broker_not_heard" in two.output, 10)
        write(one, john, "susan")
        own_redis.start()
        counted(page, 3, AFTERWARDS_SECONDS)
        write(one, john, "susan")
        counted(page, 4, AFTERWARDS_SECONDS)
    assert "Traceback" not in one.output + two.output
