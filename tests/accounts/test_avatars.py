"""The picture that is made from a name."""

import pytest

from webpush_app.accounts import avatars
from webpush_app.accounts.avatars import avatar


def _contrast_with_white(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def test_one_name_has_one_picture_in_any_case() -> None:
    assert avatar("susan") == avatar("SUSAN") == avatar("Susan")
    assert avatar("susan").letter == "S"


@pytest.mark.parametrize(("username", "letter"), [("_x_", "X"), ("-7-", "7"), ("...", "?"), ("john", "J")])
def test_the_letter_is_the_first_that_is_one(username: str, letter: str) -> None:
    assert avatar(username).letter == letter


def test_a_white_letter_can_be_read_on_every_colour() -> None:
    assert min(map(_contrast_with_white, avatars._COLOURS)) >= 4.5


def test_different_people_get_different_colours() -> None:
    assert {avatar(f"person{number}").colour for number in range(200)} == set(avatars._COLOURS)
