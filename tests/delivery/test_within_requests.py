"""No push service is called while somebody waits for a page: the request stores the push, and that is all."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.outgoing import ORIGIN, Outgoing
from tests.people import Browser, People, submit
from tests.server.running import ROOT, environment
from webpush_app.delivery.models import State

NOT_IN_THE_WEB = (
    "webpush_app.protocol.requests_transport",
    "webpush_app.delivery.dispatcher",
    "webpush_app.engine.loop",
)
WHAT_THE_WEB_LOADS = "import sys, app; app.create_app(); print(' '.join(sorted(sys.modules)))"


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Everything that would leave the process from now on, but for what an earlier test has left running."""
    called: list[Any] = []
    of_others = set(threading.enumerate()) - {threading.current_thread()}

    def watched(really: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            if threading.current_thread() in of_others:
                return really(*arguments, **more)
            called.append(arguments)
            raise OSError("nothing may be called here")

        return call

    for where, name in ((socket, "getaddrinfo"), (socket, "create_connection"), (socket.socket, "connect")):
        monkeypatch.setattr(where, name, watched(getattr(where, name)))
    return called


def test_a_message_a_test_and_a_broadcast_call_nobody(
    people: People, outgoing: Outgoing, susan: Browser, john: Browser, called: list[Any]
) -> None:
    device = outgoing.device(susan.user_id)
    before = outgoing.service.connections
    assert john.send("susan", "hello").status_code == 302
    test = susan.client.post(f"/api/push-subscriptions/{device.id}/test", json={}, headers=ORIGIN)
    assert test.status_code == 202
    people("boss", is_admin=True)
    fields = {"title": "News", "body": "hello", "link": "", "audience": "everyone"}
    assert submit(people.browser("boss").client, "/admin", fields).status_code == 302
    assert (called, outgoing.service.connections - before) == ([], 0)
    assert [(row.kind, row.state, row.attempts) for row in outgoing.rows()] == [
        ("message", State.QUEUED, 0),
        ("test", State.QUEUED, 0),
    ]


def test_the_web_loads_nothing_that_could_send(tmp_path: Path) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", WHAT_THE_WEB_LOADS],
        cwd=ROOT,
        env=environment(tmp_path, 5000),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout.split()
    assert "webpush_app.delivery.outbox" in loaded
    assert set(NOT_IN_THE_WEB) & set(loaded) == set()
