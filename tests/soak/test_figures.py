"""A figure is one JSON line, and remembers that its bound is broken."""

import json

import pytest

from soak.figures import Figures


@pytest.mark.parametrize(
    ("value", "bounds", "holds"),
    [
        (0, {"most": 0}, True),
        (1, {"most": 0}, False),
        (500.0, {"most": 500.0}, True),
        (500.1, {"most": 500.0}, False),
        (1, {"least": 1}, True),
        (0, {"least": 1}, False),
        (5, {"least": 1, "most": 4}, False),
    ],
)
def test_a_figure_says_whether_its_bound_holds(
    capsys: pytest.CaptureFixture[str], value: float, bounds: dict[str, float], holds: bool
) -> None:
    figures = Figures()
    figures.show("lost", value, "in a test", **bounds)
    said = json.loads(capsys.readouterr().out)
    assert said == {"figure": "lost", "value": value, **bounds, "holds": holds, "how": "in a test"}
    assert figures.broken == ([] if holds else ["lost"])


def test_a_figure_without_a_bound_breaks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    figures = Figures()
    figures.show("waited_ms", 1234.56789, "in a test")
    assert json.loads(capsys.readouterr().out) == {"figure": "waited_ms", "value": 1234.568, "how": "in a test"}
    assert figures.broken == []
