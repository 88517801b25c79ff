"""A push service fails, and few are there to say so: the operator is told, once, and nobody is spared for it."""

import pytest

from tests.delivery.at_a_gate import BUSY, HOST, SILENT, WELL, answer
from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from webpush_app.delivery import alerts, pauses
from webpush_app.delivery.changes import HostFails, HostWell
from webpush_app.delivery.gate import Gate
from webpush_app.delivery.models import State
from webpush_app.protocol.answers import Outcome, Refused, RefusedFor, SubscriptionGone

FAILS = HostFails(7, HOST, "503 later", has_accepted=True)
FINE = HostWell(7, HOST)
STEP_SECONDS = 10


@pytest.fixture
def gate(clock: StandingClock) -> Gate:
    made = Gate(7, HOST, 64, clock)
    answer(made, WELL)
    made.notices()
    return made


def found(gate: Gate, outcome: Outcome, browser: int = 1) -> list[object]:
    answer(gate, outcome, browser)
    return [one for one in gate.notices() if isinstance(one, HostFails | HostWell)]


def deliver_for(outgoing: Outgoing, clock: StandingClock, seconds: int) -> None:
    for _step in range(seconds // STEP_SECONDS):
        outgoing.deliver()
        clock.advance(STEP_SECONDS)


def open_alerts(outgoing: Outgoing) -> list[tuple[str, str]]:
    with outgoing.app.app_context():
        return [(alert.kind, alert.about) for alert in alerts.list_open()]


@pytest.mark.parametrize("number", [1, 4])
def test_the_operator_of_a_small_site_is_told_and_all_is_sent_afterwards(
    people: People, outgoing: Outgoing, clock: StandingClock, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    susan = people("susan")
    devices: list[Device] = [outgoing.device(susan) for _ in range(number)]
    people.write(people("john"), susan, "hello")
    outgoing.deliver()
    for device in devices:
        device.subscribed.answer_with(503)
    people.write(2, susan, "and again")
    deliver_for(outgoing, clock, 280)
    assert open_alerts(outgoing) == [], "it may pass"
    deliver_for(outgoing, clock, 3600)
    assert open_alerts(outgoing) == [("host_down", "updates.push.services.mozilla.com")]
    assert caplog.text.count("event=raised") == 1
    with outgoing.app.app_context():
        assert pauses.list_paused() == [], "they may be to blame, and others have come meanwhile"
    for device in devices:
        device.subscribed.answer_with(201)
    deliver_for(outgoing, clock, 1000)
    assert set(outgoing.states()) == {State.ACCEPTED}
    assert open_alerts(outgoing) == []


def test_it_is_told_when_nobody_was_answered_well_for_five_minutes(gate: Gate, clock: StandingClock) -> None:
    assert found(gate, BUSY) == []
    clock.advance(299)
    assert found(gate, SILENT) == []
    clock.advance(1)
    assert found(gate, BUSY) == [FAILS]


@pytest.mark.parametrize("well", [WELL, SubscriptionGone(410, ""), Refused(400, "", RefusedFor.REQUEST)])
def test_whoever_is_answered_well_ends_it(gate: Gate, clock: StandingClock, well: Outcome) -> None:
    found(gate, BUSY)
    clock.advance(200)
    assert found(gate, well, browser=2) == [FINE]
    clock.advance(200)
    assert found(gate, BUSY) == [], "that is a new beginning"
    clock.advance(300)
    assert found(gate, BUSY) == [FAILS]
    assert found(gate, well, browser=2) == [FINE]
    assert found(gate, well, browser=2) == [], "said already"


def test_one_that_always_fails_says_it_once(gate: Gate, clock: StandingClock) -> None:
    """Beside others that are answered well from time to time."""
    said = []
    for _hour in range(5):
        found(gate, BUSY)
        clock.advance(3600)
        said += found(gate, BUSY)
        found(gate, WELL, browser=2)
    assert said == [FAILS]
    found(gate, WELL, browser=1)
    found(gate, BUSY)
    clock.advance(3600)
    assert found(gate, BUSY) == [FAILS], "it was well in between"


def test_however_many_always_fail_it_is_said_once_an_hour(gate: Gate, clock: StandingClock) -> None:
    """Beside others that are answered well from time to time."""
    said = []
    for browser in range(100, 122):
        found(gate, BUSY, browser)
        clock.advance(360)
        said += found(gate, BUSY, browser)
        found(gate, WELL, browser=2)
    assert len(said) == 3


def test_one_that_fails_for_days_says_it_again(gate: Gate, clock: StandingClock) -> None:
    """Its alert may have ended, because nothing waited for a while."""
    said = []
    for _hour in range(50):
        said.append(bool(found(gate, BUSY)))
        clock.advance(3600)
    assert [hour for hour, is_said in enumerate(said) if is_said] == [1, 25, 49]


def test_after_an_outage_the_five_minutes_begin_anew(gate: Gate, clock: StandingClock) -> None:
    """A good answer to the one push that tried it counts, here and at another worker."""
    for tries_it in (True, False):
        for browser in range(5):
            answer(gate, BUSY, browser)
        clock.advance(600)
        if tries_it:
            gate.try_one()
            answer(gate, WELL, 9)
        gate.open(None)
        gate.notices()
        assert found(gate, BUSY, browser=8) == []
        clock.advance(600)


def test_what_comes_in_while_it_is_spared_ends_nothing(gate: Gate) -> None:
    for browser in range(5):
        answer(gate, BUSY, browser)
    assert found(gate, WELL, browser=9) == []


def test_what_another_worker_said_is_ended_by_whoever_finds_it_over(clock: StandingClock) -> None:
    assert found(Gate(7, HOST, 64, clock), WELL) == [FINE]
