"""What is taken from the outbox, in which order, and how a lease keeps others away until it ends."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from tests.conftest import AppMaker
from tests.delivery.conftest import CONTACT, StandingClock
from tests.delivery.outgoing import Outgoing
from webpush_app.database import begin_write, db
from webpush_app.delivery import outbox
from webpush_app.delivery.claims import Claim, Returned, Settled, Share, claim_due, give_back, give_back_at_once, settle
from webpush_app.delivery.models import Lane, State
from webpush_app.delivery.pauses import read_standings

LEASE_SECONDS = 60
MANY = 1000


@pytest.fixture(autouse=True)
def _in_the_app(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def take(most: int = MANY, lane: Lane = Lane.PERSONAL, *, service_id: int = 1, is_suspect: bool = False) -> Claim:
    return claim_due([Share(service_id, lane, most, is_suspect)])


def suspects(most: int = MANY) -> Claim:
    """What somebody took and never wrote down."""
    return take(most, is_suspect=True)


def ids(claim: Claim) -> list[int]:
    return sorted(row.id for row in claim.rows)


def write_down(*settled: Settled) -> set[int]:
    begin_write()
    kept = settle(settled)
    db.session.commit()
    return kept


def hand_back(*returned: Returned) -> None:
    begin_write()
    give_back(returned)
    db.session.commit()


def test_what_is_due_later_or_final_is_not_taken(outgoing: Outgoing, clock: StandingClock) -> None:
    outgoing.fill(1, due_at=clock.moment + timedelta(seconds=5))
    outgoing.fill(1, due_at=None, state=State.ACCEPTED)
    assert ids(take()) == []
    clock.advance(4.9)
    assert ids(take()) == []
    clock.advance(0.1)
    assert ids(take()) == [1]
    assert outgoing.states() == [State.SENDING, State.ACCEPTED]


def test_so_many_are_taken_at_once_and_the_longest_due_first(outgoing: Outgoing, clock: StandingClock) -> None:
    outgoing.fill(3)
    outgoing.fill(5, due_at=clock.moment - timedelta(seconds=1))
    assert [ids(take(3)) for _ in range(4)] == [[4, 5, 6], [1, 7, 8], [2, 3], []]


def test_a_lane_and_a_push_service_are_taken_apart_from_the_others(outgoing: Outgoing) -> None:
    outgoing.fill(1, Lane.PERSONAL)
    outgoing.fill(1, Lane.BROADCAST)
    outgoing.fill(1, Lane.PERSONAL, service_id=77)
    assert ids(take(lane=Lane.BROADCAST)) == [2]
    assert ids(take(service_id=77)) == [3]
    assert ids(take()) == [1]


def test_several_shares_are_taken_in_one_transaction(outgoing: Outgoing) -> None:
    outgoing.fill(2, Lane.PERSONAL)
    outgoing.fill(2, Lane.BROADCAST)
    claim = claim_due([Share(1, Lane.PERSONAL, 1), Share(1, Lane.BROADCAST, 2)])
    assert ids(claim) == [1, 3, 4]
    assert len({row.lease_token for row in claim.rows}) == 2


def test_a_lease_is_written_where_everybody_can_read_it(outgoing: Outgoing, clock: StandingClock) -> None:
    outgoing.fill(2)
    claim = take()
    first = claim.rows[0]
    assert {row.due_at for row in outgoing.rows()} == {clock.moment + timedelta(seconds=LEASE_SECONDS)}
    assert {(row.state, row.attempts, row.lease_token) for row in outgoing.rows()} == {
        ("sending", 1, first.lease_token)
    }
    assert (first.kind, first.subject_id, first.attempts, first.lane) == ("message", 1, 1, Lane.PERSONAL)
    assert (claim.claimed_at, claim.ends_at) == (clock.moment, clock.moment + timedelta(seconds=LEASE_SECONDS))
    assert claim.claimed_at < claim.send_before < claim.ends_at


def test_the_lease_is_as_long_as_its_setting_says(make_app: AppMaker, outgoing: Outgoing, clock: StandingClock) -> None:
    outgoing.fill(1)
    with make_app(vapid_claim_email=CONTACT, push_lease_seconds=3).app_context():
        assert take().ends_at == clock.moment + timedelta(seconds=3)
    clock.advance(3)
    assert ids(suspects()) == [1]


def test_a_row_can_be_taken_again_when_its_lease_has_ended_and_not_before(
    outgoing: Outgoing, clock: StandingClock
) -> None:
    outgoing.fill(1)
    [first] = take().rows
    clock.advance(LEASE_SECONDS - 0.001)
    assert ids(suspects()) == []
    clock.advance(0.001)
    assert ids(take()) == []  # not with the others: whoever had it may have died of it
    [second] = suspects().rows
    assert (second.attempts, second.crashes) == (2, 1)
    assert second.lease_token != first.lease_token


def test_who_comes_back_too_late_changes_nothing_and_counts_nothing(outgoing: Outgoing, clock: StandingClock) -> None:
    outgoing.fill(1, Lane.BROADCAST, kind="news", subject_id=7)
    [late] = take(lane=Lane.BROADCAST).rows
    clock.advance(LEASE_SECONDS)
    [new] = take(lane=Lane.BROADCAST, is_suspect=True).rows
    before = outgoing.row().due_at
    assert write_down(Settled(late, State.GONE, "late", 410, "late")) == set()
    hand_back(Returned(late, clock.moment))
    row = outgoing.row()
    assert (row.state, row.lease_token, row.answer_status, row.due_at) == ("sending", new.lease_token, None, before)
    assert (row.attempts, row.crashes) == (2, 1)
    assert set(outbox.read_tally("news", 7).values()) == {0}

    assert write_down(Settled(new, State.ACCEPTED, status=201)) == {1}
    assert write_down(Settled(late, State.GONE, "late", 410, "late")) == set()
    assert (outgoing.row().state, outgoing.row().answer_status) == (State.ACCEPTED, 201)
    tally = outbox.read_tally("news", 7)
    assert (tally[State.ACCEPTED], tally[State.GONE]) == (1, 0)


def test_of_several_those_that_are_still_ours_are_written_down(outgoing: Outgoing, clock: StandingClock) -> None:
    outgoing.fill(3, Lane.BROADCAST, kind="news")
    late = take(lane=Lane.BROADCAST)
    clock.advance(LEASE_SECONDS)
    [taken] = ids(take(1, Lane.BROADCAST, is_suspect=True))
    assert write_down(*(Settled(row, State.ACCEPTED) for row in late.rows)) == {1, 2, 3} - {taken}
    assert outgoing.states().count(State.ACCEPTED) == 2
    assert outgoing.rows()[taken - 1].state == State.SENDING
    assert sum(outbox.read_tally("news", number)[State.ACCEPTED] for number in (1, 2, 3)) == 2


def test_everything_that_is_to_be_known_later_is_written_down(outgoing: Outgoing, clock: StandingClock) -> None:
    outgoing.fill(3)
    one, two, three = take().rows
    clock.advance(1)
    later = clock.moment + timedelta(seconds=30)
    write_down(
        Settled(one, State.FAILED, "refused_request", 400, "bad"),
        Settled(two, State.QUEUED, "slow_down", 429, "wait", due_at=later, uses_attempt=False),
        Settled(three, State.QUEUED, "too_large", 413, due_at=clock.moment, is_short=True),
    )
    ended, waiting, shortened = outgoing.rows()
    assert (ended.state, ended.reason, ended.answer_status, ended.said) == ("failed", "refused_request", 400, "bad")
    assert (ended.answered_at, ended.due_at, ended.attempts, ended.lease_token) == (clock.moment, None, 1, None)
    assert (waiting.state, waiting.due_at, waiting.attempts, waiting.is_short) == (State.QUEUED, later, 0, False)
    assert (shortened.state, shortened.is_short, shortened.attempts) == (State.QUEUED, True, 1)


def test_an_attempt_that_is_followed_by_another_is_remembered_and_the_last_is_not(
    outgoing: Outgoing, clock: StandingClock
) -> None:
    outgoing.fill(2)
    one, two = take().rows
    later = clock.moment + timedelta(seconds=30)
    write_down(
        Settled(one, State.ACCEPTED, status=201), Settled(two, State.QUEUED, "unknown", None, "hm", due_at=later)
    )
    [attempt] = outgoing.attempts()
    assert (attempt.push_id, attempt.at, attempt.reason, attempt.said) == (2, clock.moment, "unknown", "hm")
    assert attempt.next_at == later


def test_what_is_handed_back_is_as_if_it_had_not_been_taken(outgoing: Outgoing, clock: StandingClock) -> None:
    outgoing.fill(2)
    outgoing.change(2, attempts=3, reason="their_trouble", answer_status=503, first_attempt_at=clock.moment)
    never, before = take().rows
    later = clock.moment + timedelta(seconds=9)
    hand_back(Returned(never, clock.moment), Returned(before, later))
    one, two = outgoing.rows()
    assert (one.state, one.attempts, one.first_attempt_at, one.due_at, one.lease_token) == (
        *(State.QUEUED, 0, None, clock.moment),
        None,
    )
    assert (two.state, two.attempts, two.first_attempt_at, two.due_at) == (State.QUEUED, 3, clock.moment, later)
    assert (two.reason, two.answer_status) == ("their_trouble", 503)
    assert outgoing.attempts() == []


def test_a_suspect_that_is_handed_back_has_not_cost_another_worker(outgoing: Outgoing, clock: StandingClock) -> None:
    outgoing.fill(1)
    take()
    clock.advance(LEASE_SECONDS)
    [suspect] = suspects().rows
    hand_back(Returned(suspect, clock.moment))
    assert (outgoing.row().state, outgoing.row().crashes) == (State.QUEUED, 0)


def test_who_answers_was_not_died_of(outgoing: Outgoing, clock: StandingClock) -> None:
    outgoing.fill(1)
    take()
    clock.advance(LEASE_SECONDS)
    [suspect] = suspects().rows
    write_down(Settled(suspect, State.QUEUED, "their_trouble", 503, due_at=clock.moment))
    assert outgoing.row().crashes == 0


def test_at_a_sudden_stop_everything_of_it_is_anybodys_at_once(outgoing: Outgoing) -> None:
    outgoing.fill(3)
    stopped, other = take(2), take(1)
    first = stopped.rows[0]
    write_down(Settled(first, State.ACCEPTED))
    give_back_at_once(stopped.rows)
    rows = outgoing.rows()
    assert sorted(row.state for row in rows) == [State.ACCEPTED, State.QUEUED, State.SENDING]
    assert [row.attempts for row in rows if row.state == State.QUEUED] == [0]
    assert [row.lease_token for row in rows if row.state == State.SENDING] == [other.rows[0].lease_token]
    assert ids(take()) == [row.id for row in rows if row.state == State.QUEUED]
    assert write_down(Settled(stopped.rows[1], State.GONE)) == set()


def test_what_is_due_is_found_for_each_service_and_lane(outgoing: Outgoing, clock: StandingClock) -> None:
    def found() -> list[tuple[bool, ...]]:
        return [tuple(one[-4:]) for one in read_standings()]

    outgoing.fill(1, Lane.BROADCAST, due_at=clock.moment + timedelta(seconds=1))
    assert found() == [(False, False, False, False)]
    clock.advance(1)
    assert found() == [(False, True, False, False)]
    outgoing.fill(1, Lane.PERSONAL)
    assert found() == [(True, True, False, False)]
    take()
    assert found() == [(False, True, False, False)]
    clock.advance(LEASE_SECONDS)
    assert found() == [(False, True, True, False)]
