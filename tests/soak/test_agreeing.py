"""What pages heard is compared with what is stored: every way to miss something, or to hear it twice, is counted."""

import pytest

from soak.agreeing import Verdict, judge
from soak.pages import Heard


def heard(name: str, data: object, timestamp: float) -> Heard:
    return Heard(name, data, timestamp, at=0.0)


UNREAD, LATER = heard("unread", 1, 1.0), heard("unread", 2, 2.0)
INBOX = heard("inbox", "one", 1.5)


def test_all_is_well_when_the_last_of_each_name_is_the_truth() -> None:
    verdict = judge([[UNREAD, INBOX, LATER], []], [{"unread": 2, "inbox": "one"}, {}])
    assert verdict == Verdict(heard=3, twice=0, out_of_order=0, behind=0)


@pytest.mark.parametrize(
    ("page", "wrong"),
    [
        ([UNREAD, UNREAD, LATER], (1, 0, 0)),
        ([UNREAD, LATER, UNREAD], (1, 1, 1)),
        ([LATER, UNREAD], (0, 1, 1)),
        ([UNREAD], (0, 0, 1)),
        ([], (0, 0, 1)),
        ([UNREAD, LATER, INBOX], (0, 1, 1)),
    ],
)
def test_what_is_wrong_is_counted(page: list[Heard], wrong: tuple[int, int, int]) -> None:
    verdict = judge([page], [{"unread": 2}])
    assert (verdict.twice, verdict.out_of_order, verdict.behind) == wrong
