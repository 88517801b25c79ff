"""What works in a process of Celery's: it rests until a task, has turns, and looks by itself where no tick is heard."""

import os
import time
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from tests.conftest import AppMaker
from tests.delivery.outgoing import Outgoing
from tests.engine.conftest import CONTACT, Hire
from tests.engine.processes import wait_until
from tests.people import People
from tests.push.listener import Odd
from tests.redis_server import RedisServer
from webpush_app import broker as names
from webpush_app.broker.connection import PREFIX
from webpush_app.database import db
from webpush_app.delivery import tidy
from webpush_app.delivery.models import State
from webpush_app.engine import crew as module
from webpush_app.engine import tasks
from webpush_app.engine.staff import Staff

pytestmark = pytest.mark.redis


@pytest.fixture
def app(make_app: AppMaker, own_redis: RedisServer) -> Flask:
    return make_app(vapid_claim_email=CONTACT, engine_url=own_redis.url, embedded_worker=False)


def waiting(redis: RedisServer, queue: str) -> int:
    with redis.connect() as connection:
        return int(connection.llen(f"{PREFIX}{queue}"))


def test_it_rests_until_a_task_says_that_something_is_due(outgoing: Outgoing, hire: Hire) -> None:
    device = outgoing.device(None)
    crew = hire()
    outgoing.fill(1, kind="test", subscription_id=device.id)
    time.sleep(1.5)
    assert outgoing.states() == [State.QUEUED]
    crew.deliver(names.MESSAGES)
    assert outgoing.states() == [State.ACCEPTED]


def test_a_task_is_over_when_everything_is_written_down_and_the_next_one_begins_anew(
    people: People, outgoing: Outgoing, hire: Hire
) -> None:
    outgoing.device(people("susan"))
    boss = people("boss", is_admin=True)
    crew = hire()
    for number in (1, 2, 3):
        outgoing.start_broadcast(boss)
        crew.deliver(names.BROADCASTS)
        assert outgoing.states() == [State.ACCEPTED] * number


def test_a_task_of_messages_leaves_broadcasts_alone(people: People, outgoing: Outgoing, hire: Hire) -> None:
    outgoing.device(people("susan"))
    boss = people("boss", is_admin=True)
    crew = hire()
    outgoing.broadcast(boss)
    people.write(boss, 1, "hello")
    crew.deliver(names.MESSAGES)
    assert sorted(outgoing.states()) == [State.ACCEPTED, State.QUEUED]
    crew.deliver(names.BROADCASTS)
    assert outgoing.states() == [State.ACCEPTED] * 2


def test_after_its_turn_another_wake_up_goes_on_with_it(
    outgoing: Outgoing, hire: Hire, own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TURN_SECONDS", 0.2)
    device = outgoing.device(None)
    device.subscribed.answer_with(Odd.HANG)
    outgoing.fill(1, kind="test", subscription_id=device.id)
    hire().deliver(names.MESSAGES)
    wait_until(lambda: waiting(own_redis, names.MESSAGES) == 1, 10)


def test_told_to_stop_it_does_not_wait_until_nothing_is_due(outgoing: Outgoing, hire: Hire) -> None:
    device = outgoing.device(None)
    device.subscribed.answer_with(Odd.HANG)
    outgoing.fill(1, kind="test", subscription_id=device.id)
    crew = hire(is_stopping=lambda: bool(outgoing.service.received))
    crew.deliver(names.MESSAGES)
    assert outgoing.states() == [State.SENDING]
    crew.end()
    assert outgoing.states() == [State.QUEUED]


def test_where_redis_is_away_it_takes_what_is_due_until_it_hears_a_tick(
    outgoing: Outgoing, hire: Hire, app: Flask, own_redis: RedisServer
) -> None:
    device = outgoing.device(None)
    crew = hire()
    broker = app.extensions[names.EXTENSION]
    own_redis.stop()
    crew._look_out()
    outgoing.fill(1, kind="test", subscription_id=device.id)
    wait_until(lambda: outgoing.states() == [State.ACCEPTED], 10)
    own_redis.start()
    crew._look_out()  # it is back, and has heard no tick
    outgoing.fill(1, kind="test", subscription_id=device.id)
    wait_until(lambda: outgoing.states() == [State.ACCEPTED] * 2, 10)
    broker.note_tick()
    crew._look_out()
    time.sleep(0.5)
    outgoing.fill(1, kind="test", subscription_id=device.id)
    time.sleep(1.5)
    assert outgoing.states() == [State.ACCEPTED] * 2 + [State.QUEUED]


def test_where_nobody_ticks_it_takes_what_is_due_after_a_while(
    outgoing: Outgoing, hire: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = outgoing.device(None)
    crew = hire()
    outgoing.fill(1, kind="test", subscription_id=device.id)
    crew._look_out()
    time.sleep(1)
    assert outgoing.states() == [State.QUEUED]
    monkeypatch.setattr(module, "TICK_SECONDS", 0.1)
    crew._look_out()
    wait_until(lambda: outgoing.states() == [State.ACCEPTED], 10)


def test_by_itself_it_takes_no_more_than_its_queues_hold(
    people: People, outgoing: Outgoing, hire: Hire, own_redis: RedisServer
) -> None:
    outgoing.device(people("susan"))
    boss = people("boss", is_admin=True)
    crew = hire(names.MESSAGES)
    own_redis.stop()
    crew._look_out()
    outgoing.broadcast(boss)
    people.write(boss, 1, "hello")
    wait_until(lambda: State.ACCEPTED in outgoing.states(), 10)
    time.sleep(1)
    assert sorted(outgoing.states()) == [State.ACCEPTED, State.QUEUED]


@pytest.fixture
def staff(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Staff:
    staff = Staff()
    monkeypatch.setattr(staff, "_app", app)
    return staff


def test_a_tick_wakes_for_what_is_due_and_for_a_broadcast_that_is_not_in_the_outbox_yet(
    people: People, outgoing: Outgoing, staff: Staff, own_redis: RedisServer
) -> None:
    boss = people("boss", is_admin=True)
    device = outgoing.device(None)
    tasks._tick(staff)
    time.sleep(0.3)
    assert [waiting(own_redis, queue) for queue in (names.MESSAGES, names.BROADCASTS)] == [0, 0]
    outgoing.fill(1, kind="test", subscription_id=device.id)
    tasks._tick(staff)
    wait_until(lambda: waiting(own_redis, names.MESSAGES) == 1, 10)
    assert waiting(own_redis, names.BROADCASTS) == 0
    outgoing.start_broadcast(boss)
    with own_redis.connect() as connection:
        wait_until(lambda: waiting(own_redis, names.BROADCASTS) == 1, 10)
        connection.flushall()
    tasks._tick(staff)
    wait_until(lambda: waiting(own_redis, names.BROADCASTS) == 1, 10)


def test_a_tick_that_fails_is_told_in_one_line(
    staff: Staff, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    own_redis.stop()
    tasks._tick(staff)
    [record] = [one for one in caplog.records if one.name == "webpush_app.engine.tasks"]
    assert record.message.startswith("tick_failed why=")


def test_a_round_of_keeping_house_ends_and_can_be_stopped(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []
    monkeypatch.setattr(tidy, "steps", lambda *_: [lambda: rounds.append(1) or len(rounds) < 5])  # type: ignore[func-returns-value]
    tasks._tidy(staff)
    assert len(rounds) == 5
    staff.stop()
    tasks._tidy(staff)
    assert len(rounds) == 5


@pytest.mark.postgresql_only("connections to SQLite are made anew for each use")
def test_a_process_of_the_pool_has_connections_of_its_own(staff: Staff, tmp_path: Path) -> None:
    """The parent's is open when it forks; both go on, each with its own."""

    def ask() -> int:
        with staff.app.app_context():
            return int(db.session.execute(text("SELECT pg_backend_pid()")).scalar_one())

    own, said = ask(), tmp_path / "said"
    child = os.fork()
    if child == 0:
        try:
            staff.become_a_process_of_its_own()
            said.write_text(str(ask()), encoding="utf-8")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert int(said.read_text(encoding="utf-8")) != own
    assert ask() == own
