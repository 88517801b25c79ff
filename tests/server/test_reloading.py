"""SIGHUP takes new code: nobody is refused, nobody waits for it to be loaded, and none of the old code is left."""

import http.client
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.databases import SECRET_KEY, settings_in
from tests.engine.processes import KEEPER, descendants, find, wait_until
from tests.notifications.live_page import live_page
from tests.repeating import repeating
from tests.server.crowd import sign_in
from tests.server.running import ROOT, Server, is_up, running
from tests.server.visitors import Visitor
from webpush_app import start

PARTS = ("app.py", "gunicorn.conf.py", "webpush_app", "templates", "static", "migrations", "translations")
ALONE = {"EMBEDDED_WORKER": "false", "PYTHONWARNINGS": "ignore"}  # gunicorn leaves a file open
LOADS_SECONDS = 4.0
AT_ONCE_SECONDS = 2.0  # on a busy machine; less than it takes to load


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A copy of the service, which a test may change."""
    folder = tmp_path / "code"
    folder.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder / part)
    return folder


def upgrade(code: Path) -> None:
    """A page of the new code needs what is new in a part that the master of gunicorn has loaded. It loads slowly."""
    config, pages = code / "webpush_app" / "config.py", code / "webpush_app" / "web" / "pages.py"
    config.write_text(config.read_text(encoding="utf-8") + '\nOF_NOW = "new"\n', encoding="utf-8")
    was = pages.read_text(encoding="utf-8")
    now = was.replace('{"status": "ok"}', '{"status": OF_NOW}').replace(
        "from webpush_app.web import readiness\n",
        "from webpush_app.web import readiness\n"
        f"from webpush_app.config import OF_NOW\nimport time\ntime.sleep({LOADS_SECONDS})\n",
    )
    assert now.count("OF_NOW") == 2
    pages.write_text(now, encoding="utf-8")


class Asker:
    """Asks each time on a connection of its own, and keeps what was said and how long it took."""

    def __init__(self, port: int) -> None:
        self.said: list[str] = []
        self.seconds: list[float] = []
        self._port = port

    def ask(self) -> None:
        began = time.monotonic()
        self.said.append(self._ask())
        self.seconds.append(time.monotonic() - began)

    def _ask(self) -> str:
        try:
            with Visitor(self._port) as visitor:
                return visitor.get("/healthz").text.strip()
        except (OSError, http.client.HTTPException) as error:
            return repr(error)


@contextmanager
def asked_while_upgraded(server: Server, code: Path) -> Iterator[Asker]:
    asker = Asker(server.port)
    with repeating([asker.ask], 0.01):
        wait_until(lambda: len(asker.said) > 10, 30)
        upgrade(code)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: asker.said[-1] == '{"status":"new"}', 60)
        yield asker


def test_new_code_serves_and_nobody_was_refused_or_waited_for_it(tmp_path: Path, code: Path) -> None:
    with running(tmp_path, root=str(code), **ALONE) as server:
        said = len(server.lines)
        with asked_while_upgraded(server, code) as asker:
            wait_until(lambda: asker.said[-20:] == ['{"status":"new"}'] * 20, 60)
        assert set(asker.said) == {'{"status":"ok"}', '{"status":"new"}'}
        assert max(asker.seconds) < AT_ONCE_SECONDS
        assert server.process.poll() is None
        wait_until(lambda: len(descendants(server.process.pid)) == 1, 60)  # the old process has ended as well
        # Nothing is said of it, neither where the service is nor how the first admin is made.
        assert server.lines[said:] == []


def test_a_request_that_is_under_way_is_answered_by_whom_it_came_to(tmp_path: Path, code: Path) -> None:
    with running(tmp_path, root=str(code), TRUSTED_PROXIES="1", **ALONE) as server, Visitor(server.port) as slow:
        slow.connection.putrequest("POST", "/login")
        slow.connection.putheader("Content-Type", "application/x-www-form-urlencoded")
        slow.connection.putheader("Content-Length", "10")
        slow.connection.endheaders(b"username=")
        assert is_up(server.port)
        with asked_while_upgraded(server, code):
            time.sleep(5)  # longer than whoever has no proxy would be waited for
        slow.connection.send(b"a")
        assert slow.read_answer().status == 400  # it has no token; but it was read and answered


def test_sockets_that_are_sent_away_come_back_to_the_new_code(tmp_path: Path, code: Path, password_hash: str) -> None:
    cookies = sign_in(start.prepare(settings_in(tmp_path)), password_hash, ["susan"])
    with ExitStack() as stack:
        server = stack.enter_context(running(tmp_path, root=str(code), SECRET_KEY=SECRET_KEY, **ALONE))
        page = stack.enter_context(live_page(server.port, cookies["susan"]))
        stack.enter_context(asked_while_upgraded(server, code))
        assert page.last_words(10) == []
        assert page.connection.close_code == 1001
        # At once, when the old one might still listen: it would send them away again.
        for _ in range(20):
            with live_page(server.port, cookies["susan"]) as again:
                assert again.hears_nothing(0.02)


def test_the_worker_that_sends_pushes_stays(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        wait_until(lambda: len(find(server.process.pid, KEEPER)) == 1, 30)
        keeper = find(server.process.pid, KEEPER)
        server.process.send_signal(signal.SIGHUP)
        time.sleep(3)
        assert find(server.process.pid, KEEPER) == keeper
        assert is_up(server.port)


def test_a_second_master_is_not_begun(tmp_path: Path) -> None:
    with running(tmp_path, **ALONE) as server:
        said = len(server.lines)
        server.process.send_signal(signal.SIGUSR2)
        time.sleep(2)
        assert is_up(server.port)
        assert server.lines[said:] == []
