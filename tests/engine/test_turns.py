"""A turn of a process of Celery's ends when nothing is due any more, and not because that is not known for a moment."""

import time
from threading import Timer
from types import ModuleType
from typing import Any

import pytest
from flask import Flask

from tests.conftest import AppMaker
from tests.delivery.outgoing import Outgoing
from tests.engine.conftest import CONTACT, DEADLINE_SECONDS, Hire
from tests.people import People
from tests.push.listener import Odd
from tests.redis_server import RedisServer
from webpush_app import broker as names
from webpush_app.delivery import pauses, preparing, taking
from webpush_app.delivery.models import State
from webpush_app.engine import works

pytestmark = pytest.mark.redis


@pytest.fixture
def app(make_app: AppMaker, own_redis: RedisServer) -> Flask:
    return make_app(vapid_claim_email=CONTACT, engine_url=own_redis.url, embedded_worker=False)


def failing_once(monkeypatch: pytest.MonkeyPatch, where: ModuleType, name: str) -> None:
    really = getattr(where, name)
    failures = iter([ConnectionResetError("once")])

    def call(*given: Any) -> Any:
        for failure in failures:
            raise failure
        return really(*given)

    monkeypatch.setattr(where, name, call)


def prepare_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(*given: Any) -> Any:
        time.sleep(0.2)
        return preparing.prepare(*given)

    monkeypatch.setattr(taking, "prepare", slowly)


def test_a_turn_does_not_end_because_a_look_failed(
    outgoing: Outgoing, hire: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or what is due waits for the next tick."""
    device = outgoing.device(None)
    outgoing.fill(1, kind="test", subscription_id=device.id)
    failing_once(monkeypatch, pauses, "read_standings")
    hire().deliver(names.MESSAGES)
    assert outgoing.states() == [State.ACCEPTED]


def test_nor_because_a_step_of_a_broadcast_failed(
    people: People, outgoing: Outgoing, hire: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    outgoing.device(None)
    outgoing.start_broadcast(people("boss", is_admin=True))
    failing_once(monkeypatch, works, "fan_out_step")
    hire().deliver(names.BROADCASTS)
    assert outgoing.states() == [State.ACCEPTED]


def test_nor_while_what_is_due_has_no_room(outgoing: Outgoing, hire: Hire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that was taken is sent while the next rows are prepared."""
    prepare_slowly(monkeypatch)
    device = outgoing.device(None)
    outgoing.fill(100, kind="test", subscription_id=device.id)
    crew = hire()
    ringing = Timer(0.25, crew._works.wake)
    ringing.start()
    crew.deliver(names.MESSAGES)
    ringing.join()
    assert set(outgoing.states()) == {State.ACCEPTED}


def test_nor_because_nothing_was_due_a_moment_ago(
    outgoing: Outgoing, hire: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One push is answered late; what falls due meanwhile is still prepared when it is."""
    prepare_slowly(monkeypatch)
    late, device = outgoing.device(None), outgoing.device(None)
    late.subscribed.answer_with(Odd.HANG)
    outgoing.fill(1, kind="test", subscription_id=late.id)
    crew = hire()
    due = Timer(DEADLINE_SECONDS / 2, outgoing.fill, (100,), {"kind": "test", "subscription_id": device.id})
    due.start()
    crew.deliver(names.MESSAGES)
    due.join()
    assert outgoing.states()[1:] == [State.ACCEPTED] * 100
