"""What an operator is told of: once for each trouble, and again when it is over."""

import pytest
from sqlalchemy import select

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from tests.push.service import MOZILLA
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
