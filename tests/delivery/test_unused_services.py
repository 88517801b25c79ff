"""A push service that nobody belongs to is forgotten; one that anything still points at never is."""

from datetime import timedelta
from functools import partial

import pytest
from flask import Flask

from tests.delivery.conftest import StandingClock
from tests.delivery.rows import MOZILLA, Rows
from tests.statements import listening
from webpush_app.database import db
from webpush_app.delivery import alerts, tidy, unused_services
from webpush_app.delivery.alerts import AlertKind
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


def forget_trouble(rows: Rows) -> list[str]:
    """The hosts that are still spared."""
    with rows.app.app_context():
        while unused_services.forget_trouble():
            pass
    return sorted(row.host for row in rows.all(PushService) if row.paused_because)


def test_trouble_that_nothing_waits_for_is_forgotten_and_so_is_its_alert(rows: Rows, clock: StandingClock) -> None:
    trouble = {"paused_because": Pause.BROKEN, "down_since": clock.moment, "pause_level": 5}
    until = clock.moment + timedelta(minutes=5)
    rows.service("nobodys.example", paused_until=until, **trouble)
    rows.push(State.QUEUED, service_id=rows.service("waited-for.example", paused_until=until, **trouble))
    rows.push(State.SENDING, service_id=rows.service("asked.example", paused_until=until, **trouble))
    for host in ("nobodys.example", "waited-for.example"):
        rows.writing(partial(alerts.raise_alert, AlertKind.HOST_DOWN, host))
    clock.advance(3600)
    assert forget_trouble(rows) == ["asked.example", "nobodys.example", "waited-for.example"]
    clock.advance(301)
    assert forget_trouble(rows) == ["asked.example", "waited-for.example"]
    assert [one.about for one in rows.reading(alerts.list_open)] == ["waited-for.example"]
    [forgotten] = [row for row in rows.all(PushService) if row.host == "nobodys.example"]
    assert (forgotten.paused_until, forgotten.pause_level, forgotten.down_since) == (None, 0, None)


def test_an_alert_about_a_service_that_nothing_waits_for_ends_after_a_day(rows: Rows, clock: StandingClock) -> None:
    """Nobody is sent to, so that nobody would find out that it is well."""
    hosts = ("gone.example", "idle.example", "paused.example", "waited-for.example")
    until = clock.moment + timedelta(days=9)
    rows.service("paused.example", paused_until=until, paused_because=Pause.OUR_KEY)
    rows.push(State.QUEUED, service_id=rows.service("waited-for.example"))
    rows.push(State.FAILED, service_id=rows.service("idle.example"))
    for host in hosts:
        rows.writing(partial(alerts.raise_alert, AlertKind.OUR_KEY, host))
    rows.writing(lambda: alerts.raise_alert(AlertKind.CRASHES, "another.example"))
    for seconds, left in ((24 * 3600, set(hosts)), (1, {"paused.example", "waited-for.example"})):
        clock.advance(seconds)
        rows.writing(lambda: alerts.raise_alert(AlertKind.OUR_KEY, "another.example"))
        with rows.app.app_context():
            assert not unused_services.end_idle_alerts()
        assert {one.about for one in rows.reading(alerts.list_open)} == {"another.example"} | left
        assert len(rows.reading(alerts.list_open)) == len(left) + 2


@pytest.mark.parametrize("step", [unused_services.forget_trouble, unused_services.end_idle_alerts])
def test_it_belongs_to_the_hourly_round(app: Flask, step: tidy.Step) -> None:
    with app.app_context():
        assert step in tidy.steps()
