"""The inbox comes to a site that has messages already: they are in it, read or not as they were."""

import pytest
from alembic import command
from flask import Flask
from sqlalchemy import text

from tests.broadcasts.site import Site
from tests.chosen import POSTGRESQL, SQLITE
from tests.database.revisions import config
from tests.databases import MIGRATED, Database
from tests.notifications.inboxes import Inboxes
from tests.people import Browser, People
from webpush_app.database import db


@pytest.fixture
def database(database: Database, request: pytest.FixtureRequest) -> Database:
    """On PostgreSQL too one that nobody uses afterwards: here tables come and go."""
    if database.kind == SQLITE:
        return database
    return Database(POSTGRESQL, request.getfixturevalue("new_postgresql")(MIGRATED))


def test_messages_that_were_there_are_items_read_or_not(app: Flask, people: People, admin: Browser) -> None:
    susan, john = people.browser("susan"), people.browser("john")
    people.write(john.user_id, susan.user_id, "one", "two")
    susan.get("/messages")
    people.write(john.user_id, susan.user_id, "three", "four")
    people.write(susan.user_id, john.user_id, "five")
    site, inboxes = Site(app, admin.user_id), Inboxes(app)
    site.start()
    with app.app_context():
        command.downgrade(config(), "0005")
        # As the version before left it: it told of no inbox.
        db.session.execute(text("DELETE FROM notifications WHERE name = 'inbox'"))
        db.session.commit()
        command.upgrade(config(), "0006")
        db.session.remove()
    assert [(item.kind, item.subject_id, item.read_at is None) for item in inboxes.items()] == [
        *(("message", 1, False), ("message", 2, False)),
        *(("message", 3, True), ("message", 4, True), ("message", 5, True)),
    ]
    assert [inboxes.unread(reader.user_id) for reader in (susan, john)] == [[4, 3], [5]]
    assert "four" in susan.get("/inbox").text
    susan.get("/messages/with/john")
    people.write(susan.user_id, john.user_id, "six")
    site.start()
    assert inboxes.unread(susan.user_id) == [7]
    inboxes.check(susan, john)
