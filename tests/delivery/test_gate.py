"""How much one push service is sent at once, and when it is sent nothing more: by its answers alone."""

import pytest

from tests.delivery.at_a_gate import BUSY, HOST, MIXED, MOST, OUR_KEY, SILENT, WELL, answer, answers, slow_down
from tests.delivery.conftest import StandingClock
from webpush_app.delivery.changes import Closed, Opened
from webpush_app.delivery.gate import Gate, Phase
from webpush_app.protocol.answers import Outcome, Refused, RefusedFor, RetryLater, SubscriptionGone, Why
from webpush_app.subscriptions.push_services import Pause


@pytest.fixture
def gate(clock: StandingClock) -> Gate:
    return Gate(7, HOST, MOST, clock)


def sendable(gate: Gate) -> int:
    """How many would be sent at once, if none was answered."""
    number = 0
    while gate.may_send(is_personal=False):
        gate.sent()
        number += 1
    for _ in range(number):
        gate.unsent()
    return number


def test_it_begins_with_few_at_once_and_grows_with_what_is_answered_well(gate: Gate) -> None:
    assert sendable(gate) == 8
    answers(gate, *[WELL] * 8)
    assert sendable(gate) == 16
    answers(gate, *[WELL] * 1000)
    assert sendable(gate) == MOST


def test_trouble_makes_it_smaller_and_it_is_never_shut_by_that_alone(gate: Gate) -> None:
    answers(gate, *[WELL] * 1000)
    answers(gate, BUSY)
    assert sendable(gate) == 48
    for number in range(100):
        answer(gate, BUSY, browser=1000 + number)
        answer(gate, WELL, browser=5000 + number)
        answer(gate, WELL, browser=9000 + number)
    assert gate.phase is Phase.OPEN
    assert sendable(gate) >= 1


def test_what_is_personal_finds_a_place_where_all_are_taken(gate: Gate) -> None:
    while gate.may_send(is_personal=False):
        gate.sent()
    assert gate.may_send(is_personal=True)
    for _ in range(2):
        gate.sent()
    assert not gate.may_send(is_personal=True)


@pytest.mark.parametrize(
    "trouble",
    [
        BUSY,
        SILENT,
        RetryLater(None, "no address", Why.ON_THE_WAY),
        RetryLater(302, "", Why.REDIRECT),
        RetryLater(200, "", Why.NOT_A_PUSH_SERVICE),
    ],
)
def test_five_failures_in_a_row_close_it(gate: Gate, trouble: RetryLater) -> None:
    assert answers(gate, WELL, *[trouble] * 4) == []
    [change] = [answer(gate, trouble, browser=99)]
    assert isinstance(change, Closed)
    assert (change.service_id, change.host, change.because, change.asked_until) == (7, HOST, Pause.BROKEN, None)
    assert sendable(gate) == 0
    assert not gate.may_send(is_personal=True)


def test_one_good_answer_in_between_begins_the_row_anew(gate: Gate) -> None:
    assert answers(gate, BUSY, BUSY, BUSY, BUSY, WELL, BUSY, BUSY, BUSY, BUSY, WELL) == []


def test_half_of_twenty_close_it_too(gate: Gate) -> None:
    assert answers(gate, *MIXED * 9, WELL) == []
    assert isinstance(answer(gate, BUSY, browser=77), Closed)


def test_fewer_than_half_do_not(gate: Gate) -> None:
    assert answers(gate, *(WELL, *MIXED) * 50) == []


@pytest.mark.parametrize(
    "outcome", [SubscriptionGone(410, ""), Refused(400, "", RefusedFor.REQUEST), Refused(413, "", RefusedFor.TOO_LARGE)]
)
def test_a_service_that_says_no_is_well(gate: Gate, outcome: Outcome) -> None:
    assert answers(gate, *[outcome] * 50) == []
    assert sendable(gate) > 8


def test_one_browser_that_fails_again_and_again_is_no_trouble_of_the_service(gate: Gate) -> None:
    for _ in range(50):
        assert answer(gate, BUSY, browser=1) is None
    assert sendable(gate) > 0


def test_refusals_of_our_key_close_it_for_that_reason_and_leave_one_at_a_time_until_then(gate: Gate) -> None:
    answers(gate, *[WELL] * 100)
    assert answer(gate, OUR_KEY, browser=1000) is None
    assert sendable(gate) == 1
    changed = answers(gate, *[OUR_KEY] * 4)
    assert [change.because for change in changed if isinstance(change, Closed)] == [Pause.OUR_KEY]


def test_it_knows_whether_others_are_accepted(gate: Gate) -> None:
    known = [gate.accepts_others]
    for outcomes in ((WELL, WELL, OUR_KEY), (OUR_KEY, OUR_KEY)):
        answers(gate, *outcomes)
        known.append(gate.accepts_others)
    assert known == [False, True, False]


def test_a_pause_lasts_as_long_as_the_service_asks_for(gate: Gate, clock: StandingClock) -> None:
    asks = RetryLater(503, "", Why.THEIR_TROUBLE, 900)
    [change] = answers(gate, *[asks] * 5)
    assert isinstance(change, Closed)
    assert change.asked_until is not None
    assert (change.asked_until - clock.moment).total_seconds() == 900


def test_what_comes_in_after_it_was_closed_changes_nothing(gate: Gate) -> None:
    answers(gate, *[BUSY] * 5)
    assert answers(gate, BUSY, WELL, OUR_KEY, slow_down()) == []
    assert gate.phase is Phase.CLOSED


def test_one_push_tries_it_and_a_good_answer_opens_it(gate: Gate) -> None:
    answers(gate, *[BUSY] * 5)
    gate.try_one()
    assert sendable(gate) == 1
    change = answer(gate, WELL)
    assert change == Opened(7, HOST)


@pytest.mark.parametrize(
    ("outcome", "because"), [(BUSY, Pause.BROKEN), (OUR_KEY, Pause.OUR_KEY), (slow_down(), Pause.SLOW_DOWN)]
)
def test_a_bad_answer_to_the_one_push_closes_it_again(gate: Gate, outcome: Outcome, because: Pause) -> None:
    answers(gate, *[BUSY] * 5)
    gate.try_one()
    change = answer(gate, outcome, browser=1)  # also where that browser has failed before
    assert isinstance(change, Closed)
    assert change.because is because
    assert sendable(gate) == 0


def test_it_opens_with_few_at_once(gate: Gate) -> None:
    answers(gate, *[WELL] * 1000, *[BUSY] * 5)
    gate.open(None)
    assert sendable(gate) == 8
    assert answers(gate, *[BUSY] * 4) == [], "what was before counts no more"


def test_the_same_browsers_close_it_again_when_it_is_down_again(gate: Gate) -> None:
    for _time in range(3):
        assert [type(change) for change in answers(gate, *[BUSY] * 5)] == [Closed]
        gate.open(None)
        answers(gate, *[WELL] * 5)


def test_those_whose_every_push_fails_close_it_no_more_than_twice(gate: Gate) -> None:
    """It is well in between: it is no trouble of the service's."""
    for _time in range(2):
        closed = []
        for _again in range(4):
            closed.append(bool(answers(gate, *[BUSY] * 5)))
            gate.open(None)
        assert closed == [True, True, False, False]
        answers(gate, *[WELL] * 5)


def test_the_same_owners_of_browsers_that_never_took_a_push_close_it_once(gate: Gate) -> None:
    """They could be lying about their key, and do so again and again."""
    seen = []
    for owner in (*range(5), *range(5)):
        gate.sent()
        seen.append(gate.answered(owner, OUR_KEY))
        if seen[-1] is not None:
            gate.open(None)
    assert [type(change) for change in seen if change is not None] == [Closed]


def test_few_that_are_gone_are_no_wave(gate: Gate) -> None:
    answers(gate, *[SubscriptionGone(410, "")] * 49)
    assert gate.gone_wave() is None
    answers(gate, SubscriptionGone(410, ""))
    assert gate.gone_wave() is not None


def test_a_wave_of_gone_browsers_is_noticed_once(gate: Gate) -> None:
    answers(gate, *[SubscriptionGone(410, "")] * 9, *[WELL] * 40)
    assert gate.gone_wave() is None, "fewer than fifty say nothing"
    answers(gate, WELL)
    assert gate.gone_wave() is None, "not over a fifth"
    answers(gate, *[SubscriptionGone(410, "")] * 4)
    wave = gate.gone_wave()
    assert wave is not None
    assert (wave.host, wave.said) == (HOST, "13 of the last 54")
    assert gate.gone_wave() is None
