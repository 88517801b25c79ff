"""What an operator is told of: once for each trouble, and again when it is over."""

import pytest
from sqlalchemy import select

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from tests.push.service import MOZILLA, WINDOWS
from tests.statements import listening
from webpush_app.database import db
from webpush_app.delivery import alerts
from webpush_app.notifications.models import Notification


@pytest.fixture
def devices(people: People, outgoing: Outgoing) -> list[Device]:
    people("boss", is_admin=True)
    return [outgoing.device(None) for _ in range(60)]


def answer_with(devices: list[Device], *reactions: int) -> None:
    for device in devices:
        device.subscribed.answer_with(*reactions)


def open_alerts(outgoing: Outgoing) -> list[tuple[str, str]]:
    with outgoing.app.app_context():
        return [(alert.kind, alert.about) for alert in alerts.list_open()]


def told(outgoing: Outgoing) -> int:
    """How many are open, as the admin's notification says."""
    with outgoing.app.app_context():
        query = select(Notification).where(Notification.user_id == 1, Notification.name == "operator_alert")
        return int(db.session.scalars(query).one().get_data()["open"])


@pytest.mark.parametrize("trouble", [(503, "host_down"), (403, "our_key")])
def test_one_alert_for_a_service_in_trouble_until_it_is_well(
    outgoing: Outgoing,
    clock: StandingClock,
    devices: list[Device],
    caplog: pytest.LogCaptureFixture,
    trouble: tuple[int, str],
) -> None:
    status, kind = trouble
    answer_with(devices, status)
    outgoing.broadcast(1)
    for _ in range(5):
        outgoing.deliver()
        clock.advance(300)
    assert open_alerts(outgoing) == [(kind, MOZILLA)]
    assert told(outgoing) == 1
    assert caplog.text.count("event=raised") == 1
    answer_with(devices, 201)
    outgoing.deliver()
    assert open_alerts(outgoing) == []
    assert told(outgoing) == 0


@pytest.mark.parametrize(("host", "told_of"), [("made-up.notify.windows.com", False), (WINDOWS, True)])
def test_of_a_name_that_may_be_made_up_nobody_is_told_until_something_was_accepted_there(
    outgoing: Outgoing, clock: StandingClock, people: People, host: str, told_of: bool
) -> None:
    boss = people("boss", is_admin=True)
    devices = [outgoing.device(None, host=host) for _ in range(6)]
    if told_of:
        outgoing.broadcast(boss)
        outgoing.deliver()
    answer_with(devices, 503)
    outgoing.broadcast(boss)
    outgoing.deliver()
    assert open_alerts(outgoing) == ([("host_down", host)] if told_of else [])
    answer_with(devices, 201)
    for _ in range(20):
        clock.advance(60)
        outgoing.deliver()
    answer_with(devices, 503)
    another_worker = Outgoing(outgoing.app, outgoing.service, outgoing.dispatcher._sender._transport)
    outgoing.broadcast(boss)
    another_worker.deliver()
    assert open_alerts(outgoing) == [("host_down", host)], "it was down before, and well again"


def test_nor_that_it_refuses_our_key(outgoing: Outgoing, clock: StandingClock, people: People) -> None:
    device = outgoing.device(people("susan"), host="api.push.apple.com")
    device.subscribed.answer_with(403)
    people.write(people("john"), 1, "hello")
    for _ in range(30):
        outgoing.deliver()
        clock.advance(60)
    assert len(device.subscribed.received) > 2
    assert open_alerts(outgoing) == []


def test_a_wave_of_browsers_that_are_gone(outgoing: Outgoing, devices: list[Device]) -> None:
    answer_with(devices[:15], 410)
    outgoing.broadcast(1)
    outgoing.deliver()
    assert open_alerts(outgoing) == [("gone_wave", MOZILLA)]


def test_a_few_that_are_gone_are_nothing_new(outgoing: Outgoing, devices: list[Device]) -> None:
    answer_with(devices[:10], 410)
    outgoing.broadcast(1)
    outgoing.deliver()
    assert open_alerts(outgoing) == []


def test_a_push_that_was_too_large_in_spite_of_our_own_limit(outgoing: Outgoing, devices: list[Device]) -> None:
    answer_with(devices[:1], 413, 201)
    outgoing.broadcast(1)
    outgoing.deliver()
    assert open_alerts(outgoing) == [("too_large", MOZILLA)]


def test_push_services_are_locked_before_anybody_is_told(outgoing: Outgoing, devices: list[Device]) -> None:
    """Another worker that has locked one may want the clocks of the same admins."""
    answer_with(devices[:1], 413)
    answer_with(devices[1:], 503)
    outgoing.broadcast(1)
    with outgoing.app.app_context():
        outgoing.dispatcher.take()
        outgoing.dispatcher.send(until_empty=True)
        with listening(db.engine) as asked:
            outgoing.dispatcher.settle()
    assert sorted(open_alerts(outgoing)) == [("host_down", MOZILLA), ("too_large", MOZILLA)]
    locked, told = (
        [number for number, words in enumerate(asked) if table in words]
        for table in ("push_services", "notification_clocks")
    )
    assert max(locked) < min(told)
