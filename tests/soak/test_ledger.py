"""What is compared when all is over: every way in which a message can be lost or doubled is counted as such."""

from datetime import UTC, datetime, timedelta

from soak.ledger import Sent, Verdict, judge

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def _at(second: float) -> datetime:
    return BEGAN + timedelta(seconds=second)


def _sent(text: str, *seconds: float, acknowledged: bool = True) -> Sent:
    return Sent(text, [_at(second) for second in seconds], 1.0 if acknowledged else None)


def _judge(sent: list[Sent], *stored: tuple[str, float]) -> Verdict:
    return judge(sent, [(text, _at(second)) for text, second in stored])


def test_all_is_well_when_everything_acknowledged_is_there_once() -> None:
    verdict = _judge([_sent("a", 1), _sent("b", 2), _sent("c", 3)], ("a", 1.1), ("b", 2.1), ("c", 3.1))
    assert verdict == Verdict(
        sent=3, acknowledged=3, stored=3, lost=0, stored_twice=0, unheard_of=0, tried_again=0, known_again=0
    )


def test_what_was_acknowledged_and_is_not_there_is_lost() -> None:
    assert _judge([_sent("a", 1), _sent("b", 2)], ("a", 1.1)).lost == 1


def test_what_was_never_acknowledged_is_not_lost_and_may_be_there() -> None:
    given_up = [_sent("a", 1, acknowledged=False), _sent("b", 2, acknowledged=False)]
    verdict = _judge(given_up, ("b", 2.1))
    assert (verdict.sent, verdict.acknowledged, verdict.lost, verdict.unheard_of) == (2, 0, 0, 0)


def test_every_row_beyond_the_first_is_one_too_many_acknowledged_or_not() -> None:
    sent = [_sent("a", 1), _sent("b", 2, acknowledged=False)]
    assert _judge(sent, ("a", 1.1), ("a", 1.2), ("b", 2.1), ("a", 1.3), ("b", 2.2)).stored_twice == 3


def test_what_nobody_sent_is_unheard_of() -> None:
    assert _judge([_sent("a", 1)], ("a", 1.1), ("b", 2)).unheard_of == 1


def test_a_repeat_is_known_again_only_where_an_earlier_attempt_had_been_stored() -> None:
    verdict = _judge(
        [_sent("once", 1), _sent("cut", 1, 5), _sent("known", 1, 3, 5)], ("once", 2), ("cut", 6), ("known", 4)
    )
    assert (verdict.tried_again, verdict.known_again) == (2, 1)
