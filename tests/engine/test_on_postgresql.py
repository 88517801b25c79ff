"""The whole way on PostgreSQL, through real processes: start, form, outbox, doorbell, worker, push service."""

from pathlib import Path

import pytest

from tests.accounts.steps import COOKIE
from tests.conftest import SECRET_KEY
from tests.databases import Database
from tests.delivery.outgoing import Outgoing
from tests.engine.conftest import StartWorker
from tests.engine.processes import wait_until
from tests.people import People
from tests.server.running import running
from tests.server.visitors import Visitor
from webpush_app.delivery.models import State

pytestmark = pytest.mark.postgresql_only("the same way on SQLite is in test_keeper.py")


def test_a_message_is_stored_by_the_server_and_sent_by_the_worker(
    people: People, outgoing: Outgoing, database: Database, tmp_path: Path, start_worker: StartWorker
) -> None:
    device, john = outgoing.device(people("susan")), people.browser("john")
    cookie = john.client.get_cookie(COOKIE)
    assert cookie is not None
    given = {"DATABASE_URL": database.url, "SECRET_KEY": SECRET_KEY, "EMBEDDED_WORKER": "false"}
    with running(tmp_path, **given) as server, start_worker() as worker, Visitor(server.port) as visitor:
        visitor.cookie = cookie.value
        path = "/send_message/susan"
        for number in (1, 2):
            assert visitor.post(path, csrf_token=visitor.token(path), message=f"number {number}").status == 302
            device.subscribed.wait_for(number)
        assert [received.json()["body"] for received in device.subscribed.received] == ["number 1", "number 2"]
        wait_until(lambda: outgoing.states() == [State.ACCEPTED] * 2, 20)
    assert "rror" not in server.output
    assert worker.lines == ["Pushing"]
    assert not (tmp_path / "webpush.sqlite3").exists()


def test_the_embedded_worker_starts_and_ends_with_the_server(database: Database, tmp_path: Path) -> None:
    with running(tmp_path, DATABASE_URL=database.url) as server:
        assert server.press_ctrl_c() == 0
        assert server.is_wholly_gone()
    assert "rror" not in server.output
