"""The worker beside the server: started with it, started again when it dies, and gone when the server is. The server is
real, and its worker keeps the real network rules: here it only drops what has nowhere to go."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import SECRET_KEY
from tests.delivery.outgoing import Outgoing
from tests.engine.conftest import CONTACT, StartWorker
from tests.engine.processes import KEEPER, WORKER, descendants, end_all, find, is_alive, wait_for, wait_until
from tests.people import People
from tests.server.running import ROOT, environment, running
from tests.server.visitors import COOKIE, Visitor
from webpush_app.delivery.models import State
from webpush_app.engine import keeper

pytestmark = pytest.mark.sqlite_only("processes, not queries: the same way on PostgreSQL is in test_on_postgresql.py")

STOP_SECONDS = 8.0  # three, and the machine may be busy
NO_BROWSER = 999


def drop_a_push(outgoing: Outgoing) -> None:
    """Which shows that somebody is at work, and calls nobody."""
    before = len(outgoing.rows())
    outgoing.fill(1, subscription_id=NO_BROWSER)
    wait_until(lambda: outgoing.states()[before] == State.DROPPED, 15)


def test_a_worker_that_dies_is_started_again_and_ctrl_c_ends_them_all(outgoing: Outgoing, tmp_path: Path) -> None:
    with running(tmp_path, VAPID_CLAIM_EMAIL=CONTACT, SECRET_KEY=SECRET_KEY, PYTHONWARNINGS="ignore") as server:
        pid = server.process.pid
        worker = wait_for(pid, WORKER)
        drop_a_push(outgoing)
        assert find(pid, WORKER) == [worker], server.output
        said = len(server.lines)
        os.kill(worker, signal.SIGKILL)
        second = wait_for(pid, WORKER, other_than=worker)
        drop_a_push(outgoing)
        assert server.lines[said:] == ["The push worker ended (-9); it is started again in 1 s."]
        assert find(pid, WORKER) == [second]
        assert len(find(pid, KEEPER)) == 1

        everybody = [pid, *descendants(pid)]
        assert len(everybody) == 4, "the server, who serves the web, the keeper and the worker"
        began = time.monotonic()
        assert server.press_ctrl_c() in (0, 130)
        assert time.monotonic() - began < STOP_SECONDS
        assert server.is_wholly_gone()
        assert not any(is_alive(one) for one in everybody)
    assert len(server.lines) == said + 1, server.output


def test_a_keeper_that_is_killed_is_started_again_and_all_go_when_the_server_is_killed_too(tmp_path: Path) -> None:
    with running(tmp_path, VAPID_CLAIM_EMAIL=CONTACT) as server:
        pid = server.process.pid
        first, worker = wait_for(pid, KEEPER), wait_for(pid, WORKER)
        time.sleep(1)  # one that ends as soon as it is started is left alone
        os.kill(first, signal.SIGKILL)
        wait_for(pid, KEEPER, other_than=first)
        wait_for(pid, WORKER, other_than=worker)
        wait_until(lambda: not is_alive(worker), 10)
        assert server.lines[-1] == "The keeper of the push worker ended; it is started again."

        everybody = descendants(pid)
        server.stop(signal.SIGKILL)
        try:
            wait_until(lambda: not any(is_alive(one) for one in everybody), 10)
        finally:
            end_all(everybody)
        assert server.is_wholly_gone()


def test_a_server_without_a_worker_stores_and_another_process_sends(
    people: People, outgoing: Outgoing, tmp_path: Path, start_worker: StartWorker
) -> None:
    """The whole way through real processes: form, outbox, doorbell, worker, push service."""
    device, john = outgoing.device(people("susan")), people.browser("john")
    cookie = john.client.get_cookie(COOKIE)
    assert cookie is not None
    with running(tmp_path, EMBEDDED_WORKER="false", SECRET_KEY=SECRET_KEY) as server, Visitor(server.port) as visitor:
        visitor.cookie = cookie.value
        path = "/send_message/susan"
        assert visitor.post(path, csrf_token=visitor.token(path), message="first").status == 302
        assert find(server.process.pid, KEEPER) == find(server.process.pid, WORKER) == []
        assert outgoing.states() == [State.QUEUED]
        with start_worker():
            device.subscribed.wait_for(1)
            assert visitor.post(path, csrf_token=visitor.token(path), message="second").status == 302
            pushed = [received.json()["body"] for received in device.subscribed.wait_for(2)]
        assert pushed == ["first", "second"]
        assert outgoing.states() == [State.ACCEPTED] * 2


def test_a_setting_that_is_wrong_is_said_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", WORKER],
        cwd=ROOT,
        env=environment(tmp_path, 5000, DATABASE_URL="mysql://x:secret@y/z"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("DATABASE_URL in the environment must begin with sqlite:///")
    assert len(done.stderr.splitlines()) == 1


PRESS_CTRL_C_WHEN_IMPORTING = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize("module", [KEEPER, WORKER])
def test_ctrl_c_while_they_are_still_being_loaded_is_silent(
    tmp_path: Path, module: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The signal comes at exactly this import, which one cannot hit from outside."""
    (tmp_path / "sitecustomize.py").write_text(PRESS_CTRL_C_WHEN_IMPORTING.format(module=module), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(ROOT)
    with keeper._run(module) as child:
        assert child.wait(timeout=20) == -signal.SIGINT
    assert capfd.readouterr() == ("", "")
