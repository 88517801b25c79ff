"""WEB_PROCESSES: several processes of one server answer, and it speaks and keeps a worker as one."""

import re
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.databases import SECRET_KEY
from tests.engine.processes import KEEPER, WORKER, _parent, descendants, find, wait_until
from tests.notifications.live_page import LivePage, live_page
from tests.people import PASSWORD
from tests.server.running import Server, running
from tests.server.visitors import Visitor

STOP_SECONDS = 20.0  # three, and the worker's end, on a busy machine
SEVERAL = {"SECRET_KEY": SECRET_KEY, "WEB_PROCESSES": "3"}


def web_processes(server: Server) -> list[int]:
    own = server.process.pid
    beside = {pid for module in (KEEPER, WORKER) for pid in find(own, module)}
    return [pid for pid in descendants(own) if _parent(pid) == own and pid not in beside]


@pytest.fixture
def settings(migrated_postgresql: str, new_postgresql: Callable[..., str]) -> dict[str, str]:
    return {**SEVERAL, "DATABASE_URL": new_postgresql(migrated_postgresql)}


def register(port: int, name: str) -> str:
    """Their cookie."""
    with Visitor(port) as visitor:
        fields = {"username": name, "password": PASSWORD, "password2": PASSWORD}
        token = visitor.token("/register")
        assert visitor.post("/register", csrf_token=token, **fields).status == 302
        return visitor.cookie


def sockets_said(port: int) -> int:
    with Visitor(port) as visitor:
        found = re.search(r"^webpush_sockets (\d+)\.0$", visitor.get("/metrics").text, re.MULTILINE)
    assert found
    return int(found.group(1))


def test_it_is_said_once_that_all_are_ready_and_one_worker_is_kept(tmp_path: Path, settings: dict[str, str]) -> None:
    with running(tmp_path, **settings) as server:
        wait_until(lambda: len(find(server.process.pid, WORKER)) == 1, 30)
        wait_until(lambda: len(web_processes(server)) == 3, 30)
        assert len(find(server.process.pid, KEEPER)) == 1
        time.sleep(3)  # until the last of them has been loaded
        assert [line.partition(":")[0] for line in server.lines] == [
            "Ready",
            "There is no admin yet. Create the first one here",
        ]
        began = time.monotonic()
        assert server.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < STOP_SECONDS
        assert server.is_wholly_gone()


def test_all_of_them_hold_sockets_and_hear_what_one_does(tmp_path: Path, settings: dict[str, str]) -> None:
    with running(tmp_path, EMBEDDED_WORKER="false", **settings) as server, ExitStack() as open_until_the_end:
        susan, john = register(server.port, "susan"), register(server.port, "john")
        wait_until(lambda: len(web_processes(server)) == 3, 30)
        pages: list[LivePage] = []

        def are_everywhere() -> bool:
            if len(pages) < 18:  # of 20 that one session may have
                pages.append(open_until_the_end.enter_context(live_page(server.port, susan)))
            return len(list((tmp_path / "live").glob("*.pipe"))) == 3

        wait_until(are_everywhere, 60)
        wait_until(lambda: {sockets_said(server.port) for _ in range(10)} == {len(pages)}, 20)  # whichever answers
        with Visitor(server.port, john) as visitor:
            token = visitor.token("/send_message/susan")
            assert visitor.post("/send_message/susan", csrf_token=token, message="Hello").status == 302
        for page in pages:
            assert [one["data"] for one in page.news() if one["name"] == "unread_message_count"] == [1]
