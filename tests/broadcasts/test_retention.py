"""After its days the outbox is as large as it was before a broadcast, and the next one finds its place there."""

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update

from tests.broadcasts.conftest import Hands
from tests.broadcasts.site import Site
from tests.delivery.rows import Rows
from webpush_app import clock
from webpush_app.broadcasts.service import KIND, Progress
from webpush_app.database import db
from webpush_app.delivery import outbox, tidy
from webpush_app.delivery.models import Push, PushTally, State

BROWSERS = 4000
GROUP = 100
ROUNDS = 4
PAGES_OF_POSTGRESQL = ("relation_size", "total_relation_size")


@dataclass(frozen=True)
class Size:
    rows: int
    used_pages: int
    all_pages: int


def size(site: Site) -> Size:
    """SQLite: the pages in use, and those of the file. PostgreSQL: those of the table, and with its indexes."""

    def number(query: str) -> int:
        return int(db.session.scalar(text(query)) or 0)

    def read() -> Size:
        rows = db.session.scalar(select(func.count()).select_from(Push)) or 0
        if db.engine.dialect.name == "sqlite":
            pages = number("PRAGMA page_count")
            return Size(rows, pages - number("PRAGMA freelist_count"), pages)
        return Size(rows, *(number(f"SELECT pg_{what}('pushes') / 8192") for what in PAGES_OF_POSTGRESQL))

    return site.reading(read)


def deliver(site: Site, broadcast: int) -> None:
    """Everything is accepted, and written down as a worker does it: in groups, each with its line in the tally."""
    query = select(Push.id).where(Push.subject_id == broadcast, Push.state == State.QUEUED).order_by(Push.id)

    def settle() -> int:
        group = db.session.scalars(query.limit(GROUP)).all()
        if group:
            values = {"state": State.ACCEPTED, "due_at": None, "answered_at": clock.now(), "answer_status": 201}
            db.session.execute(update(Push).where(Push.id.in_(group)).values(values))
            outbox.count(KIND, broadcast, {State.ACCEPTED: len(group)})
        return len(group)

    while site.writing(settle):
        pass


def tidy_up(site: Site) -> None:
    with site.app.app_context():
        for step in tidy.steps():
            while step():
                pass
        if db.engine.dialect.name == "postgresql":  # as its autovacuum does soon
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM pushes"))


@pytest.mark.usefixtures("key")
def test_the_outbox_returns_to_its_size_and_the_next_broadcast_finds_its_place(
    app: Flask, site: Site, hands: Hands
) -> None:
    rows = Rows(app)
    rows.subscription(rows.service(), BROWSERS)
    before = size(site)
    largest: list[Size] = []
    for _time in range(ROUNDS):
        broadcast = site.start()
        site.fan_out()
        deliver(site, broadcast)
        largest.append(size(site))
        assert largest[-1].rows == BROWSERS
        hands.move(days=6.9)
        tidy_up(site)
        assert size(site).rows == BROWSERS  # somebody may still ask what became of one
        hands.move(days=0.2)
        tidy_up(site)
        after = size(site)
        assert after.rows == 0
        assert after.used_pages <= before.used_pages + 4
        assert site.progress(broadcast) == Progress(BROWSERS, BROWSERS, 0, is_done=True)
    # PostgreSQL gives the pages of an index out again one VACUUM later, and may clear pages while they are written to,
    # sooner or later: a third more or less is chance. What is not used again makes them grow with each round.
    assert largest[-1].used_pages < 2 * largest[0].used_pages
    assert largest[-1].all_pages < 1.4 * largest[1].all_pages
    lines = site.reading(lambda: db.session.scalar(select(func.count()).select_from(PushTally)))
    assert lines == ROUNDS * 2


def test_what_is_on_its_way_when_it_is_tidied_stays(app: Flask, site: Site, hands: Hands) -> None:
    rows = Rows(app)
    rows.subscription(rows.service(), 50)
    broadcast = site.start()
    site.fan_out()
    hands.move(days=60)
    tidy_up(site)
    assert site.states(broadcast) == {State.QUEUED: 50}
    assert site.progress(broadcast).waiting == 50
