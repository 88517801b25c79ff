"""All admins are told the same thing, as it is once their clocks are taken."""

from flask import Flask
from sqlalchemy import select

from tests.people import People
from webpush_app.database import begin_write, db
from webpush_app.notifications.admins import OPERATOR_ALERT, tell_admins
from webpush_app.notifications.models import Notification, NotificationClock


def told(app: Flask) -> dict[int, tuple[str, object]]:
    with app.app_context():
        rows = db.session.scalars(select(Notification)).all()
        return {row.user_id: (row.name, row.get_data()) for row in rows}


def test_the_admins_are_told_and_nobody_else(app: Flask, people: People) -> None:
    admins = [people("susan", is_admin=True), people("john", is_admin=True)]
    people("mary")
    with app.app_context():
        begin_write()
        tell_admins(None, news=lambda: {"open": 1})
        db.session.commit()
    assert told(app) == dict.fromkeys(admins, (OPERATOR_ALERT, {"open": 1}))


def test_later_news_replace_earlier_ones(app: Flask, people: People) -> None:
    susan = people("susan", is_admin=True)
    for number in (1, 2, 0):
        with app.app_context():
            begin_write()
            tell_admins(None, news=lambda number=number: {"open": number})  # type: ignore[misc]
            db.session.commit()
    assert told(app) == {susan: (OPERATOR_ALERT, {"open": 0})}


def test_the_news_are_asked_for_when_the_clocks_are_taken(app: Flask, people: People) -> None:
    """Two that tell at once: whoever is second knows of both, because it looks after the first has committed."""
    people("susan", is_admin=True)
    clocks: list[int] = []

    def news() -> dict[str, int]:
        clocks.extend(db.session.scalars(select(NotificationClock.ticked_at)))
        return {}

    with app.app_context():
        begin_write()
        tell_admins(None, news=news)
        db.session.commit()
    assert len(clocks) == 1


def test_a_site_without_an_admin_tells_nobody(app: Flask, people: People) -> None:
    people("mary")
    with app.app_context():
        begin_write()
        tell_admins(None, news=lambda: {"open": 1})
        db.session.commit()
    assert told(app) == {}
