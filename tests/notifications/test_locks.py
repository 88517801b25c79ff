"""Who changes a person and takes their clock does so in this order everywhere: two that do so at once wait one for the
other, and never each for the other."""

import threading

import pytest
from flask import Flask
from sqlalchemy import select

from tests.people import Browser, People
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db
from webpush_app.notifications import service


@pytest.mark.postgresql_only("SQLite lets one write at a time anyway")
@pytest.mark.parametrize("how", ["/messages", "language"])
def test_a_visit_or_a_change_of_language_waits_for_a_browser_that_subscribes(
    app: Flask, susan: Browser, people: People, how: str
) -> None:
    people.write(people("john"), susan.user_id, "hello")
    statuses: list[int] = []

    def act() -> None:
        if how == "language":
            statuses.append(susan.submit("/edit_profile", {"about_me": "", "locale": "es"}).status_code)
        else:
            statuses.append(susan.get(how).status_code)

    other = threading.Thread(target=act)
    with app.app_context():
        begin_write()
        db.session.execute(select(User.id).where(User.id == susan.user_id).with_for_update(key_share=True))
        other.start()
        other.join(timeout=0.7)
        assert other.is_alive()
        service.tick([susan.user_id])
        db.session.commit()
    other.join(timeout=10)
    assert statuses == [302 if how == "language" else 200]
