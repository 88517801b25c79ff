"""One open alert for each kind and what it is about, one line in the log, and the admins are told."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.delivery.conftest import StandingClock
from tests.delivery.rows import MOZILLA, Rows
from tests.people import People
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db
from webpush_app.delivery import alerts
from webpush_app.delivery.alerts import AlertKind, end_alert, raise_alert
from webpush_app.delivery.watch_models import OperatorAlert
from webpush_app.notifications.models import Notification

LOG = "webpush_app.delivery.alerts"


@pytest.fixture
def rows(app: Flask) -> Rows:
    return Rows(app)


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "webpush_app")


def raised(rows: Rows, kind: AlertKind = AlertKind.HOST_DOWN, about: str = MOZILLA, said: str = "no answer") -> bool:
    return rows.writing(lambda: raise_alert(kind, about, said))


def ended(rows: Rows, kind: AlertKind = AlertKind.HOST_DOWN, about: str = MOZILLA) -> bool:
    return rows.writing(lambda: end_alert(kind, about))


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [f"{record.levelname} {record.getMessage()}" for record in caplog.records if record.name == LOG]


def told(app: Flask, username: str) -> Any:
    with app.app_context():
        query = select(Notification).join(User).where(User.username == username, Notification.name == "operator_alert")
        found = db.session.scalar(query)
        return None if found is None else found.get_data()


def test_only_the_first_of_a_kind_raises_it(rows: Rows, caplog: pytest.LogCaptureFixture) -> None:
    assert [raised(rows) for _time in range(3)] == [True, False, False]
    assert raised(rows, about="fcm.googleapis.com")
    assert raised(rows, AlertKind.OUR_KEY)
    assert len(rows.ids(OperatorAlert)) == 3
    assert logged(caplog) == [
        f'WARNING operator_alert event=raised kind=host_down about={MOZILLA} said="no answer"',
        'WARNING operator_alert event=raised kind=host_down about=fcm.googleapis.com said="no answer"',
        f'ERROR operator_alert event=raised kind=our_key about={MOZILLA} said="no answer"',
    ]


def test_after_its_end_it_can_be_raised_again(rows: Rows, caplog: pytest.LogCaptureFixture) -> None:
    assert not ended(rows)
    assert raised(rows)
    assert not ended(rows, about="fcm.googleapis.com")
    assert not ended(rows, AlertKind.OUR_KEY)
    assert ended(rows)
    assert not ended(rows)
    assert raised(rows)
    assert [(row.ended_at is None) for row in rows.all(OperatorAlert)] == [False, True]
    assert [line.split(" about")[0] for line in logged(caplog)] == [
        "WARNING operator_alert event=raised kind=host_down",
        "INFO operator_alert event=ended kind=host_down",
        "WARNING operator_alert event=raised kind=host_down",
    ]


def test_what_is_rolled_back_was_never_raised(app: Flask, rows: Rows, caplog: pytest.LogCaptureFixture) -> None:
    with app.app_context():
        begin_write()
        assert raise_alert(AlertKind.HOST_DOWN, MOZILLA)
        assert logged(caplog) == []
        db.session.rollback()
    assert logged(caplog) == []
    assert rows.ids(OperatorAlert) == []
    assert raised(rows)


def test_many_that_find_out_at_once_raise_one(rows: Rows, caplog: pytest.LogCaptureFixture) -> None:
    ready = threading.Barrier(8)
    answers: list[bool] = []

    def find_out() -> None:
        ready.wait()
        answers.extend(raised(rows) for _time in range(5))

    threads = [threading.Thread(target=find_out) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 39 + [True]
    assert len(rows.ids(OperatorAlert)) == len(logged(caplog)) == 1


def test_one_that_was_not_seen_to_be_open_is_not_raised_twice(
    rows: Rows, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Another process raises it between the look and the write; the index knows."""
    assert raised(rows)
    monkeypatch.setattr(alerts, "_is_open", lambda *_which: False)
    assert not raised(rows)
    assert len(rows.ids(OperatorAlert)) == len(logged(caplog)) == 1


def test_what_a_push_service_says_loses_its_endpoint(rows: Rows, caplog: pytest.LogCaptureFixture) -> None:
    token = "gAAAAABl5xKq9vQ0Zx3Yt7aaaaaaaaaaaaaaaaaaaa"
    raised(rows, said=f"<b>Not found</b>:\n/wpush/v2/{token} https://{MOZILLA}/wpush/v2/short " + "x " * 200)
    said = rows.all(OperatorAlert)[0].said
    assert said.startswith("Not found : (token) (address) x x")
    assert len(said) <= 200
    assert token not in logged(caplog)[0]
    assert "short" not in logged(caplog)[0]


def test_every_admin_is_told_and_nobody_else(app: Flask, rows: Rows, people: People, clock: StandingClock) -> None:
    for name, is_admin in (("susan", True), ("john", True), ("mary", False)):
        people(name, is_admin=is_admin)
    since = clock.moment.isoformat()
    raised(rows)
    news = {"open": 1, "kind": "host_down", "about": MOZILLA, "said": "no answer", "since": since}
    assert [told(app, name) for name in ("susan", "john", "mary")] == [news, news, None]


def test_they_are_told_how_many_are_open_until_none_is(
    app: Flask, rows: Rows, people: People, clock: StandingClock
) -> None:
    people("susan", is_admin=True)
    raised(rows)
    first = told(app, "susan")
    clock.advance(60)
    raised(rows, AlertKind.OUR_KEY, "fcm.googleapis.com", "403")
    assert told(app, "susan") == {
        "open": 2,
        "kind": "our_key",
        "about": "fcm.googleapis.com",
        "said": "403",
        "since": clock.moment.isoformat(),
    }
    ended(rows, AlertKind.OUR_KEY, "fcm.googleapis.com")
    assert told(app, "susan") == first
    ended(rows)
    assert told(app, "susan") == {"open": 0}


def test_an_open_page_of_an_admin_hears_of_it(rows: Rows, people: People) -> None:
    people("susan", is_admin=True)
    susan = people.browser("susan")
    raised(rows)
    [heard] = susan.get("/notifications").json or []
    assert (heard["name"], heard["data"]["open"]) == ("operator_alert", 1)


def test_an_alert_that_cannot_be_told_stays_and_undoes_nothing(
    app: Flask, rows: Rows, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_sender: object, news: Callable[[], object]) -> None:
        news()
        rows_of_the_caller = db.session.scalars(select(OperatorAlert.id)).all()
        assert rows_of_the_caller
        raise LookupError

    with alerts.on_alert.connected_to(fail):
        assert raised(rows)
    assert len(rows.ids(OperatorAlert)) == 1
    assert "operator_alert_not_told" in caplog.text


def test_the_open_ones_are_listed_newest_first(app: Flask, rows: Rows, clock: StandingClock) -> None:
    for kind in (AlertKind.HOST_DOWN, AlertKind.OUR_KEY, AlertKind.CRASHES):
        raised(rows, kind, "", kind.value)
        clock.advance(1)
    ended(rows, AlertKind.OUR_KEY, "")
    found = rows.reading(alerts.list_open)
    assert [(one.kind, one.said) for one in found] == [("crashes", "crashes"), ("host_down", "host_down")]
    assert clock.moment - found[0].raised_at == timedelta(seconds=1)
    assert rows.reading(alerts.count_open) == {
        "our_key": 0,
        "host_down": 1,
        "gone_wave": 0,
        "crashes": 1,
        "too_large": 0,
        "missing_key": 0,
        "encryption": 0,
    }


@pytest.mark.parametrize(("kind", "lasts"), alerts.LASTS.items())
def test_a_moment_ends_so_long_after_the_last_of_its_kind(
    rows: Rows, clock: StandingClock, kind: AlertKind, lasts: timedelta
) -> None:
    raised(rows, kind, said="first")
    clock.advance(lasts.total_seconds() - 1)
    assert not raised(rows, kind, said="again")
    clock.advance(lasts.total_seconds())
    assert not rows.writing(alerts.end_stale)
    assert rows.reading(alerts.list_open)[0].said == "again"
    clock.advance(1)
    assert rows.writing(alerts.end_stale)
    assert rows.reading(alerts.list_open) == []


def test_a_moment_that_comes_again_at_once_is_not_written_down_each_time(rows: Rows, clock: StandingClock) -> None:
    began = clock.moment
    raised(rows, AlertKind.GONE_WAVE)
    clock.advance(599)
    raised(rows, AlertKind.GONE_WAVE)
    assert rows.all(OperatorAlert)[0].raised_at == began
    clock.advance(2)
    raised(rows, AlertKind.GONE_WAVE)
    assert rows.all(OperatorAlert)[0].raised_at == clock.moment


@pytest.mark.parametrize("kind", [AlertKind.OUR_KEY, AlertKind.HOST_DOWN])
def test_what_goes_on_ends_only_when_it_is_ended(rows: Rows, clock: StandingClock, kind: AlertKind) -> None:
    began = clock.moment
    raised(rows, kind)
    clock.advance(365 * 24 * 3600)
    raised(rows, kind)
    assert not rows.writing(alerts.end_stale)
    assert rows.all(OperatorAlert)[0].raised_at == began
