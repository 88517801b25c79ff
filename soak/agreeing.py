"""What open pages heard, compared with what the database says: who heard something twice, in a wrong order, or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from soak.pages import Heard


@dataclass(frozen=True)
class Verdict:
    heard: int
    twice: int  # the same state of the same moment
    out_of_order: int  # what is older than what came before
    behind: int  # pages that show something else than the database says


def judge(heard: Sequence[Sequence[Heard]], truth: Sequence[Mapping[str, Any]]) -> Verdict:
    """By page. The truth is the last state under each name."""
    verdicts = [_judge_page(*both) for both in zip(heard, truth, strict=True)]
    return Verdict(
        heard=sum(map(len, heard)),
        twice=sum(twice for twice, _, _ in verdicts),
        out_of_order=sum(out_of_order for _, out_of_order, _ in verdicts),
        behind=sum(is_behind for _, _, is_behind in verdicts),
    )


def _judge_page(heard: Sequence[Heard], truth: Mapping[str, Any]) -> tuple[int, int, bool]:
    twice = len(heard) - len({(one.name, one.timestamp) for one in heard})
    out_of_order = sum(later.timestamp < earlier.timestamp for earlier, later in pairwise(heard))
    return twice, out_of_order, {one.name: one.data for one in heard} != dict(truth)
