"""The installation goes on with the copied database: a browser that subscribed before still receives after."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from tests.accounts.steps import COOKIE
from tests.conftest import SECRET_KEY
from tests.engine.processes import wait_until
from tests.moving.conftest import CONTACT, Copy, connected
from tests.people import Browser, People
from tests.push.service import PushService
from tests.push.worker_process import Worker, pushing
from tests.server.running import Server, running
from tests.server.visitors import Visitor


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushService]:
    with PushService(tmp_path_factory.mktemp("push")) as service:
        yield service


@contextmanager
def installation(folder: Path, service: PushService, database_url: str) -> Iterator[tuple[Server, Worker]]:
    """Its server and its worker, with the keys in this folder."""
    given = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY, "VAPID_CLAIM_EMAIL": CONTACT}
    with (
        running(folder, EMBEDDED_WORKER="false", **given) as server,
        pushing(folder, service.stand_in, service.ca_file, **given) as worker,
    ):
        yield server, worker


def send(server: Server, sender: Browser, text: str) -> None:
    cookie = sender.client.get_cookie(COOKIE)
    assert cookie is not None
    with Visitor(server.port, cookie.value) as visitor:
        path = "/send_message/susan"
        assert visitor.post(path, csrf_token=visitor.token(path), message=text).status == 302


def test_a_browser_that_subscribed_before_still_receives_after(
    app: Flask, people: People, service: PushService, copy: Copy, target: str
) -> None:
    settings = app.config["SETTINGS"]
    folder, before = settings.instance_path, settings.database_url
    susan, john = people.browser("susan"), people.browser("john")
    key = susan.get("/api/push-subscriptions").get_json()["application_server_key"]
    subscribed = service.subscribe(key)
    origin = {"Origin": "http://localhost"}
    assert susan.client.post("/api/push-subscriptions", json=subscribed.to_json(), headers=origin).status_code == 201
    with installation(folder, service, before) as (server, _worker):
        send(server, john, "before")
        subscribed.wait_for(1)
        refused = copy(target)
        assert refused.exit_code == 1
        assert "Stop the server first" in refused.output
    assert copy(target).exit_code == 0, "the worker said that it has ended"
    with installation(folder, service, target) as (server, _worker):
        send(server, john, "after")
        subscribed.wait_for(2)
        accepted = "SELECT count(*) FROM pushes WHERE state = 'accepted'"
        with connected(target) as watch:
            wait_until(lambda: watch.execute(accepted).fetchone() == (2,), 20)
    assert [received.json()["body"] for received in subscribed.received] == ["before", "after"]
    assert service.refusals == []
