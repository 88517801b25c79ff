"""What is taken from the outbox, in which order, and how a lease keeps others away until it ends."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from tests.databases import Database
from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import BOTH, Outgoing
from tests.statements import listening
from webpush_app.database import begin_write, db
from webpush_app.delivery import outbox
from webpush_app.delivery.claims import Claim, Settled, claim_due, give_back, settle
from webpush_app.delivery.models import Lane, State

LEASE_SECONDS = 60


@pytest.fixture(autouse=True)
def _in_the_app(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def claimed(most: int | None = None) -> Claim:
    claim = claim_due(BOTH, most)
    assert claim is not None
    return claim


def write_down(claim: Claim, *settled: Settled) -> int:
    begin_write()
    kept = settle(claim, settled)
    db.session.commit()
    return kept


def test_what_is_due_later_or_final_is_not_taken(outgoing: Outgoing, clock: StandingClock) -> None:
    outgoing.fill(1, due_at=clock.moment + timedelta(seconds=5))
    outgoing.fill(1, due_at=None, state=State.ACCEPTED)
    assert claim_due(BOTH) is None
    clock.advance(4.9)
    assert claim_due(BOTH) is None
    clock.advance(0.1)
    assert [row.id for row in claimed().rows] == [1]
    assert outgoing.states() == [State.SENDING, State.ACCEPTED]


@pytest.mark.parametrize(("lane", "batch"), [(Lane.PERSONAL, 16), (Lane.BROADCAST, 100)])
def test_so_many_are_taken_at_once_and_the_longest_due_first(
    outgoing: Outgoing, clock: StandingClock, lane: Lane, batch: int
) -> None:
    outgoing.fill(batch, lane)
    outgoing.fill(batch + 2, lane, due_at=clock.moment - timedelta(seconds=1))
    taken = [sorted(row.id for row in claimed().rows) for _ in range(3)]
    assert taken == [
        [*range(batch + 1, 2 * batch + 1)],
        [*range(1, batch - 1), 2 * batch + 1, 2 * batch + 2],
        [batch - 1, batch],
    ]
    assert claim_due(BOTH) is None


@pytest.mark.parametrize("lanes", [BOTH, BOTH[::-1]])
def test_a_private_message_goes_before_a_thousand_broadcast_pushes(
    outgoing: Outgoing, clock: StandingClock, lanes: tuple[Lane, ...]
) -> None:
    outgoing.fill(1000, Lane.BROADCAST, due_at=clock.moment - timedelta(hours=1))
    outgoing.fill(1, Lane.PERSONAL)
    claim = claim_due(lanes)
    assert claim is not None
    assert [row.lane for row in claim.rows] == [Lane.PERSONAL]
    assert {row.lane for row in claimed().rows} == {Lane.BROADCAST}


def test_who_looks_after_one_lane_takes_nothing_of_the_other(outgoing: Outgoing) -> None:
    outgoing.fill(1, Lane.BROADCAST)
    assert claim_due((Lane.PERSONAL,)) is None
    assert claim_due((Lane.BROADCAST,)) is not None


def test_a_lease_is_written_where_everybody_can_read_it(
    outgoing: Outgoing, clock: StandingClock, database: Database
) -> None:
    outgoing.fill(2)
    claim = claimed()
    stored = database.rows("SELECT DISTINCT state, attempts, lease_token FROM pushes")
    assert stored == [("sending", 1, claim.token)]
    assert {row.due_at for row in outgoing.rows()} == {clock.moment + timedelta(seconds=LEASE_SECONDS)}
    first = claim.rows[0]
    assert (first.kind, first.subject_id, first.attempts, first.lane) == ("message", 1, 1, Lane.PERSONAL)
    assert claim.claimed_at == clock.moment


def test_a_row_can_be_taken_again_when_its_lease_has_ended_and_not_before(
    outgoing: Outgoing, clock: StandingClock
) -> None:
    outgoing.fill(1)
    first = claimed()
    clock.advance(LEASE_SECONDS - 0.001)
    assert claim_due(BOTH) is None
    clock.advance(0.001)
    second = claimed()
    assert [row.attempts for row in second.rows] == [2]
    assert second.token != first.token


def test_who_comes_back_too_late_changes_nothing_and_counts_nothing(outgoing: Outgoing, clock: StandingClock) -> None:
    outgoing.fill(1, Lane.BROADCAST)
    late = claimed()
    clock.advance(LEASE_SECONDS)
    new = claimed()
    before = outgoing.row().due_at
    assert write_down(late, Settled(1, State.GONE, "late", 410, "late", tallied_as=("news", 7))) == 0
    row = outgoing.row()
    assert (row.state, row.lease_token, row.answer_status, row.due_at) == (State.SENDING, new.token, None, before)
    assert set(outbox.read_tally("news", 7).values()) == {0}

    assert write_down(new, Settled(1, State.ACCEPTED, status=201, tallied_as=("news", 7))) == 1
    assert write_down(late, Settled(1, State.GONE, "late", 410, "late", tallied_as=("news", 7))) == 0
    assert (outgoing.row().state, outgoing.row().answer_status) == (State.ACCEPTED, 201)
    tally = outbox.read_tally("news", 7)
    assert (tally[State.ACCEPTED], tally[State.GONE]) == (1, 0)


def test_of_several_those_that_are_still_ours_are_written_down(outgoing: Outgoing, clock: StandingClock) -> None:
    outgoing.fill(3, Lane.BROADCAST)
    late = claimed()
    clock.advance(LEASE_SECONDS)
    taken = claimed(1).rows[0].id
    given = [Settled(row.id, State.ACCEPTED, tallied_as=("news", 7)) for row in late.rows]
    assert write_down(late, *given) == 2
    assert outgoing.states().count(State.ACCEPTED) == 2
    assert outgoing.rows()[taken - 1].state == State.SENDING
    assert outbox.read_tally("news", 7)[State.ACCEPTED] == 2


def test_everything_that_is_to_be_known_later_is_written_down(outgoing: Outgoing, clock: StandingClock) -> None:
    outgoing.fill(2)
    claim = claimed()
    clock.advance(1)
    later = clock.moment + timedelta(seconds=30)
    again = Settled(2, State.QUEUED, "slow_down", 429, "wait", due_at=later, uses_attempt=False)
    write_down(claim, Settled(1, State.FAILED, "refused_request", 400, "bad"), again)
    ended, waiting = outgoing.rows()
    assert (ended.state, ended.reason, ended.answer_status, ended.said) == ("failed", "refused_request", 400, "bad")
    assert (ended.answered_at, ended.due_at, ended.attempts, ended.lease_token) == (clock.moment, None, 1, None)
    assert (waiting.state, waiting.due_at, waiting.attempts) == (State.QUEUED, later, 0)


def test_what_is_given_back_is_anybodys_at_once(outgoing: Outgoing, clock: StandingClock) -> None:
    outgoing.fill(3)
    stopped, other = claimed(2), claimed(1)
    write_down(stopped, Settled(1, State.ACCEPTED))
    give_back({stopped.token})
    rows = outgoing.rows()
    assert [row.state for row in rows] == [State.ACCEPTED, State.QUEUED, State.SENDING]
    assert [row.attempts for row in rows] == [1, 0, 1]
    assert rows[2].lease_token == other.token
    assert [row.id for row in claimed().rows] == [2]
    assert write_down(stopped, Settled(2, State.GONE)) == 0


def test_looking_in_vain_disturbs_no_writer(app: Flask, outgoing: Outgoing, database: Database) -> None:
    outgoing.fill(1, due_at=None, state=State.ACCEPTED)
    with database.somebody_writes():
        began = time.monotonic()
        with listening(db.engine) as statements:
            assert claim_due(BOTH) is None
        assert time.monotonic() - began < 1
    assert [statement.split()[0] for statement in statements] == ["SELECT", "SELECT"]
    assert not db.session().in_transaction()
