"""Encryption fails for everybody, as after an update of a library: nobody is turned off, and nothing is lost."""

from collections.abc import Iterator
from typing import Any

import http_ece
import pytest

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from webpush_app.delivery import alerts, dead_letters, pauses
from webpush_app.delivery.dead_letters import DEAD
from webpush_app.delivery.models import State
from webpush_app.delivery.walking import Wanted
from webpush_app.protocol import base64url
from webpush_app.subscriptions.models import Off

BOSS = 1
HOUR = 3600
BROWSERS = 30
STEP_SECONDS = 60
NO_POINT = base64url.encode(b"\4" + b"\1" * 64)


@pytest.fixture
def devices(people: People, outgoing: Outgoing) -> list[Device]:
    """They are written to."""
    devices = [outgoing.device(None) for _ in range(BROWSERS)]
    outgoing.broadcast(people("boss", is_admin=True))
    return devices


@pytest.fixture
def message(people: People, outgoing: Outgoing, devices: list[Device]) -> int:
    """The number of its push; it would last longer than the hours after which it is given up."""
    outgoing.device(BOSS)
    people.write(people("john"), BOSS, "hello")
    return len(devices) + 1


@pytest.fixture
def broken(devices: list[Device], monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Until it is undone."""
    del devices

    def fail(*_given: Any, **_named: Any) -> bytes:
        raise ValueError

    with monkeypatch.context() as patched:
        patched.setattr(http_ece, "encrypt", fail)
        yield patched


def deliver_for(outgoing: Outgoing, clock: StandingClock, seconds: float) -> None:
    for _step in range(int(seconds / STEP_SECONDS)):
        outgoing.deliver()
        clock.advance(STEP_SECONDS)


def test_everybody_stays_on_and_gets_it_when_it_is_mended(
    outgoing: Outgoing,
    clock: StandingClock,
    devices: list[Device],
    broken: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = len(outgoing.service.received)
    deliver_for(outgoing, clock, 3 * HOUR)
    assert len(outgoing.service.received) == before
    rows = outgoing.rows()
    assert {(row.state, row.reason, row.attempts) for row in rows} == {(State.QUEUED, "our_encryption", 0)}
    assert outgoing.attempts() == [], "nobody was asked"
    assert {(row.due_at - clock.moment).total_seconds() > 5 * 60 for row in rows if row.due_at} >= {True}
    assert all(outgoing.is_on(device) for device in devices)
    assert {outgoing.stored(device).strikes for device in devices} == {0}
    with outgoing.app.app_context():
        assert pauses.list_paused() == [], "no push service is to blame"
        [alert] = alerts.list_open()
    assert (alert.kind, alert.about, alert.said.partition(",")[0]) == ("encryption", "", "ValueError in tests")
    assert caplog.text.count("event=raised") == 1

    broken.undo()
    deliver_for(outgoing, clock, HOUR / 4)
    assert outgoing.states() == [State.ACCEPTED] * BROWSERS


def test_it_is_given_up_after_its_hours_and_can_be_sent_again(
    outgoing: Outgoing, clock: StandingClock, message: int, broken: pytest.MonkeyPatch
) -> None:
    deliver_for(outgoing, clock, 4.5 * HOUR)
    assert set(outgoing.states()) <= DEAD
    row = outgoing.rows()[message - 1]
    assert (row.state, row.reason) == (State.FAILED, "given_up_our_encryption")
    broken.undo()
    with outgoing.app.app_context():
        assert dead_letters.replay(Wanted(DEAD)).number == BROWSERS + 1
    outgoing.deliver()
    assert outgoing.states() == [State.ACCEPTED] * (BROWSERS + 1)


def test_keys_that_alone_cannot_be_used_turn_their_browser_off(outgoing: Outgoing, devices: list[Device]) -> None:
    outgoing.change_device(devices[0], p256dh=NO_POINT)
    outgoing.deliver()
    assert outgoing.stored(devices[0]).off_because == Off.UNUSABLE
    assert outgoing.states() == [State.FAILED] + [State.ACCEPTED] * (BROWSERS - 1)
    with outgoing.app.app_context():
        assert alerts.list_open() == []
