"""What a username may be: short, plain, and not to be mistaken for somebody else's or the service's own."""

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from webpush_app.accounts import names
from webpush_app.errors import InvalidInput

PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"


@pytest.fixture(autouse=True)
def _context(app: Flask) -> object:
    """Messages are translated, and that needs an app."""
    with app.app_context():
        yield


@pytest.mark.parametrize("name", ["abc", "a" * 32, "susan", "John.Doe", "x_1", "-a-", "123", "MiXeD"])
def test_plain_names_are_allowed(name: str) -> None:
    names.check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "su san",
        " susan",
        "susan\n",
        "susan\0",
        "su\tsan",
        "sus\u0430n",
        "ｓｕｓａｎ",
        "su\u017fan",
        "\u212aarl",
        "sus\u0131n",
        "susan\u0301",
        "su\u200bsan",
        "\u202esusan",
        "süsan",
        "수잔수잔",
        "<script>",
        "su/san",
        "../..",
        "su%san",
        "su@san",
        "su'san",
        "١٢٣",
        "...",
        "_-_",
    ],
)
def test_look_alikes_and_what_is_not_plain_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="letters a to z") as refused:
        names.check_name(name)
    assert refused.value.field == "username"


@pytest.mark.parametrize("name", ["", "a", "ab", "a" * 33, "a" * 10_000])
def test_names_too_short_or_too_long_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="3 to 32 characters"):
        names.check_name(name)


@pytest.mark.parametrize("name", sorted(name for name in names.RESERVED if len(name) >= names.SHORTEST))
def test_the_services_own_names_are_for_its_operator_alone(name: str) -> None:
    for spelling in (name, name.upper()):
        with pytest.raises(InvalidInput, match="reserved"):
            names.check_name(spelling)
        names.check_name(spelling, may_be_reserved=True)


@settings(database=None, deadline=None)
@given(st.text(max_size=40))
def test_whatever_is_allowed_is_plain(name: str) -> None:
    try:
        names.check_name(name, may_be_reserved=True)
    except InvalidInput:
        return
    assert 3 <= len(name) <= 32
    assert set(name) <= set(PLAIN)


@settings(database=None, deadline=None)
@given(st.text(PLAIN, min_size=3, max_size=32))
def test_the_case_of_a_plain_name_makes_no_difference(name: str) -> None:
    assert names.key(name.upper()) == names.key(name) == names.key(name.swapcase())
