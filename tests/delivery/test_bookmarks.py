"""A worker that claims again and again begins where its last claim ended, and passes over nothing for long."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Outgoing
from webpush_app.database import begin_write, db
from webpush_app.delivery import pauses
from webpush_app.delivery.bookmarks import TRUSTED_FOR, Bookmarks
from webpush_app.delivery.claims import BEGINNING, Bookmark, Share, claim_due
from webpush_app.delivery.models import Lane, Push, State
from webpush_app.subscriptions.push_services import Pause

SERVICE = 1
TRUSTED_SECONDS = TRUSTED_FOR.total_seconds()


@pytest.fixture(autouse=True)
def _in_the_app(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def bookmarks() -> Bookmarks:
    return Bookmarks()


def is_due(bookmarks: Bookmarks, lane: Lane = Lane.BROADCAST) -> bool:
    [standing] = bookmarks.read_standings()
    return standing.has_broadcast if lane else standing.has_personal


def is_suspect(bookmarks: Bookmarks) -> bool:
    [standing] = bookmarks.read_standings()
    return standing.has_suspect_personal or standing.has_suspect_broadcast


def take(bookmarks: Bookmarks, most: int, lane: Lane = Lane.BROADCAST) -> list[int]:
    """As a worker does: it looks before it claims."""
    if not is_due(bookmarks, lane):
        return []
    shares = [bookmarks.share(SERVICE, lane, most)]
    claim = claim_due(shares)
    bookmarks.note(shares, claim)
    return [row.id for row in claim.rows]


def fill_before(outgoing: Outgoing, clock: StandingClock, number: int = 1, lane: Lane = Lane.BROADCAST) -> None:
    """As a machine does whose clock is behind."""
    outgoing.fill(number, lane, due_at=clock.moment - timedelta(seconds=5))


def test_a_claim_begins_where_the_last_one_ended(
    outgoing: Outgoing, clock: StandingClock, bookmarks: Bookmarks
) -> None:
    outgoing.fill(3, Lane.BROADCAST)
    outgoing.fill(3, Lane.BROADCAST, due_at=clock.moment - timedelta(seconds=1))
    assert bookmarks.share(SERVICE, Lane.BROADCAST, 2).after == BEGINNING
    taken = []
    for last in (5, 1, 3):
        taken += take(bookmarks, 2)
        share = bookmarks.share(SERVICE, Lane.BROADCAST, 2)
        assert share.after == Bookmark(clock.moment - timedelta(seconds=last == 5), last)
    assert taken == [4, 5, 6, 1, 2, 3]


def test_what_is_before_it_is_found_after_a_second(
    outgoing: Outgoing, clock: StandingClock, bookmarks: Bookmarks
) -> None:
    outgoing.fill(6, Lane.BROADCAST)
    assert take(bookmarks, 2) == [1, 2]
    fill_before(outgoing, clock)
    assert take(bookmarks, 2) == [3, 4]
    clock.advance(TRUSTED_SECONDS - 0.001)
    assert take(bookmarks, 1) == [5]
    clock.advance(0.001)
    assert take(bookmarks, 1) == [7]


def test_a_second_begins_with_the_look_at_everything_and_not_with_the_last_claim(
    outgoing: Outgoing, clock: StandingClock, bookmarks: Bookmarks
) -> None:
    outgoing.fill(9, Lane.BROADCAST)
    assert take(bookmarks, 1) == [1]
    fill_before(outgoing, clock)
    for number in (2, 3, 4):
        clock.advance(TRUSTED_SECONDS / 4)
        assert take(bookmarks, 1) == [number]
    clock.advance(TRUSTED_SECONDS / 4)
    assert take(bookmarks, 1) == [10]


def test_a_clock_that_is_set_back_ends_it(outgoing: Outgoing, clock: StandingClock, bookmarks: Bookmarks) -> None:
    outgoing.fill(2, Lane.BROADCAST, due_at=clock.moment - timedelta(hours=1))
    assert take(bookmarks, 1) == [1]
    clock.advance(-1)
    outgoing.fill(1, Lane.BROADCAST, due_at=clock.moment - timedelta(hours=2))
    assert take(bookmarks, 1) == [3]


def test_less_than_was_asked_for_ends_it(outgoing: Outgoing, clock: StandingClock, bookmarks: Bookmarks) -> None:
    outgoing.fill(3, Lane.BROADCAST)
    assert take(bookmarks, 2) == [1, 2]
    fill_before(outgoing, clock)
    assert take(bookmarks, 2) == [3]
    assert take(bookmarks, 2) == [4]


def test_whether_there_is_more_is_not_looked_for(outgoing: Outgoing, bookmarks: Bookmarks) -> None:
    """Nothing is: it is only said so."""
    outgoing.fill(2, Lane.BROADCAST)
    assert take(bookmarks, 2) == [1, 2]
    assert is_due(bookmarks)
    assert not is_due(bookmarks, Lane.PERSONAL)
    assert not is_due(Bookmarks())
    assert take(bookmarks, 2) == []
    assert not is_due(bookmarks)


def test_each_lane_and_each_push_service_has_its_own(
    outgoing: Outgoing, clock: StandingClock, bookmarks: Bookmarks
) -> None:
    outgoing.fill(2, Lane.BROADCAST)
    outgoing.fill(1, Lane.PERSONAL, due_at=clock.moment - timedelta(seconds=1))
    assert take(bookmarks, 2) == [1, 2]
    assert bookmarks.share(SERVICE, Lane.PERSONAL, 2).after == BEGINNING
    assert bookmarks.share(SERVICE + 1, Lane.BROADCAST, 2).after == BEGINNING
    assert take(bookmarks, 2, Lane.PERSONAL) == [3]


def test_a_paused_push_service_is_looked_at(outgoing: Outgoing, bookmarks: Bookmarks) -> None:
    """Or it would be tried with nothing."""
    outgoing.fill(2, Lane.BROADCAST)
    assert take(bookmarks, 2) == [1, 2]
    begin_write()
    pauses.pause(SERVICE, Pause.BROKEN, asked_until=None, usual_rate=0.0)
    db.session.commit()
    assert not is_due(bookmarks)


@pytest.mark.parametrize(
    ("share", "state"),
    [
        (Share(SERVICE, Lane.BROADCAST, 1, is_probe=True), State.QUEUED),
        (Share(SERVICE, Lane.BROADCAST, 1, is_suspect=True), State.SENDING),
    ],
)
def test_who_tries_and_who_takes_suspects_leaves_none(
    outgoing: Outgoing, bookmarks: Bookmarks, share: Share, state: State
) -> None:
    outgoing.fill(2, Lane.BROADCAST, state=state)
    claim = claim_due([share])
    assert len(claim.rows) == 1
    bookmarks.note([share], claim)
    assert bookmarks.share(SERVICE, Lane.BROADCAST, 1).after == BEGINNING


def test_where_nobody_was_lost_it_is_not_looked_for_within_a_second(
    outgoing: Outgoing, clock: StandingClock, bookmarks: Bookmarks
) -> None:
    outgoing.fill(1, due_at=clock.moment + timedelta(hours=1))
    assert not is_suspect(bookmarks)
    outgoing.fill(1, state=State.SENDING)
    clock.advance(TRUSTED_SECONDS - 0.001)
    assert not is_suspect(bookmarks)
    clock.advance(0.001)
    assert is_suspect(bookmarks)
    assert is_suspect(bookmarks)


def test_a_look_at_everything_begins_with_the_oldest(outgoing: Outgoing, bookmarks: Bookmarks) -> None:
    outgoing.fill(2, Lane.BROADCAST)
    assert take(bookmarks, 2) == [1, 2]
    assert is_due(bookmarks)
    assert bookmarks.look_at_everything()
    assert bookmarks.share(SERVICE, Lane.BROADCAST, 2).after == BEGINNING
    assert not is_due(bookmarks)
    assert not bookmarks.look_at_everything()


def test_a_row_that_another_worker_handed_back_is_not_left_behind(
    outgoing: Outgoing, clock: StandingClock, bookmarks: Bookmarks
) -> None:
    outgoing.fill(4, Lane.BROADCAST)
    [other] = claim_due([Share(SERVICE, Lane.BROADCAST, 1)]).rows
    assert take(bookmarks, 2) == [2, 3]
    outgoing.execute(update(Push).where(Push.id == other.id).values(state=State.QUEUED, due_at=other.was_due_at))
    assert take(bookmarks, 2) == [4]
    assert take(bookmarks, 2) == [1]
