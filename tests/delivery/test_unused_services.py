"""A push service that nobody belongs to is forgotten; one that anything still points at never is."""

from datetime import timedelta

import pytest
from flask import Flask

from tests.delivery.conftest import StandingClock
from tests.delivery.rows import MOZILLA, Rows
from tests.statements import listening
from webpush_app.database import db
from webpush_app.delivery import unused_services
from webpush_app.delivery.models import Lane, State
from webpush_app.delivery.unused_services import UnusedServices
from webpush_app.subscriptions.push_services import Pause, PushService


@pytest.fixture
def rows(app: Flask) -> Rows:
    return Rows(app)


def old_service(rows: Rows, clock: StandingClock, host: str, **values: object) -> int:
    return rows.service(host, **{"created_at": clock.moment - timedelta(days=2), **values})


def a_round(rows: Rows, services: UnusedServices | None = None) -> list[str]:
    """The hosts that are left."""
    with rows.app.app_context():
        step = (services or UnusedServices()).step
        while step():
            pass
    return sorted(row.host for row in rows.all(PushService))


def test_one_without_browsers_and_pushes_goes(rows: Rows, clock: StandingClock) -> None:
    old_service(rows, clock, "unused.example")
    rows.subscription(old_service(rows, clock, "has-a-browser.example"))
    rows.push(State.ACCEPTED, service_id=old_service(rows, clock, "has-a-push.example"))
    assert a_round(rows) == ["has-a-browser.example", "has-a-push.example"]


def test_a_new_one_stays(rows: Rows, clock: StandingClock) -> None:
    """Its first browser is perhaps being stored in this very moment."""
    rows.service("new.example", created_at=clock.moment - timedelta(hours=23))
    assert a_round(rows) == ["new.example"]
    clock.advance(3601)
    assert a_round(rows) == []


def test_one_whose_trouble_is_remembered_stays(rows: Rows, clock: StandingClock) -> None:
    until = clock.moment + timedelta(minutes=5)
    old_service(rows, clock, "paused.example", paused_until=until, paused_because=Pause.BROKEN)
    assert a_round(rows) == ["paused.example"]


def test_it_is_looked_for_in_windows(rows: Rows, clock: StandingClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unused_services, "WINDOW", 4)
    common, rare = old_service(rows, clock, MOZILLA), old_service(rows, clock, "rare.example")
    old_service(rows, clock, "unused.example")
    for _number in range(9):
        rows.subscription(common)
    rows.push(State.ACCEPTED, 8, service_id=common)
    rows.push(State.ACCEPTED, service_id=rare)
    assert a_round(rows) == ["rare.example", MOZILLA]


def test_mostly_the_first_window_is_enough(app: Flask, rows: Rows, clock: StandingClock) -> None:
    rows.subscription(old_service(rows, clock, MOZILLA))
    with app.app_context(), listening(db.engine) as statements:
        step = UnusedServices().step
        assert not step()
    assert len(statements) == 2


def test_a_browser_that_came_meanwhile_keeps_it(rows: Rows, clock: StandingClock) -> None:
    service_id = old_service(rows, clock, "back.example")
    services = UnusedServices()
    with rows.app.app_context():
        assert services.step()
        assert services.step()
    rows.subscription(service_id)
    assert a_round(rows, services) == ["back.example"]


@pytest.mark.parametrize("lane", Lane)
@pytest.mark.parametrize("state", [State.QUEUED, State.SENDING])
def test_and_so_does_a_push_that_waits(rows: Rows, clock: StandingClock, state: State, lane: Lane) -> None:
    service_id = old_service(rows, clock, "back.example")
    services = UnusedServices()
    with rows.app.app_context():
        assert services.step()
        assert services.step()
    rows.push(state, lane=int(lane), service_id=service_id)
    assert a_round(rows, services) == ["back.example"]
