"""Live sockets through nginx: shared out among the servers, and left alone while nothing is said."""

import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.deploy.conftest import Pair, sockets
from tests.deploy.nginx import CONFIGURATION, Front, nginx
from tests.deploy.visitors import Guest, live_guest
from webpush_app.notifications.wire import PING_EVERY_SECONDS, PONG_WITHIN_SECONDS

pytestmark = pytest.mark.nginx


def write(front: Front, cookie: str, recipient: str) -> None:
    with Guest(front, cookie) as guest:
        assert guest.submit(f"/send_message/{recipient}", message="Hello").status == 302


def test_they_are_at_both_servers_and_hear_of_what_happens_at_either(
    front: Front, pair: Pair, register: Callable[[str], str]
) -> None:
    susan, john = register("susan-at-both"), register("john-at-both")
    with ExitStack() as stack:
        pages = [stack.enter_context(live_guest(front, susan)) for _ in range(4)]
        assert all(map(sockets, pair.servers))
        write(front, john, "susan-at-both")
        for page in pages:
            assert [one["data"] for one in page.news() if one["name"] == "unread_message_count"] == [1]


def test_one_that_is_quiet_is_not_cut_off(
    tmp_path: Path, pair: Pair, front: Front, register: Callable[[str], str]
) -> None:
    susan, john = register("susan-quiet"), register("john-quiet")
    with (
        nginx(tmp_path / "impatient", pair.ports, proxy_read_timeout="1s") as impatient,
        live_guest(impatient, susan) as page,
    ):
        time.sleep(3)
        write(front, john, "susan-quiet")
        assert page.news()


def test_nginx_waits_longer_than_the_app_does() -> None:
    place = CONFIGURATION.read_text(encoding="utf-8").partition("location = /socket.io/ {")[2].partition("}")[0]
    waits = re.findall(r"proxy_(?:read|send)_timeout (\d+)s;", place)
    assert len(waits) == 2
    assert all(int(seconds) > PING_EVERY_SECONDS + PONG_WITHIN_SECONDS for seconds in waits)
