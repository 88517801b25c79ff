"""Whom a broadcast is for: the number beside each choice, and exactly those browsers."""

import pytest
from flask import Flask

from tests.broadcasts.site import Site
from tests.people import People
from tests.statements import listening
from webpush_app.accounts.models import User
from webpush_app.broadcasts import audiences
from webpush_app.config import LANGUAGES
from webpush_app.database import db
from webpush_app.errors import InvalidInput


@pytest.fixture
def crowd(site: Site, people: People) -> dict[str, int]:
    """Browsers with and without an account, in every language; whoever is off is called so."""
    readers = {language: people(f"reads_{language}") for language in ("es", "ko")}
    for language, user_id in readers.items():
        _choose(site, user_id, language)
    undecided = people("undecided")
    crowd = {
        # The person's own choice comes before what the browser said.
        "spanish at an english browser": site.browser(readers["es"], locale="en"),
        "spanish at a korean browser": site.browser(readers["es"], locale="ko"),
        "korean": site.browser(readers["ko"], locale="ko"),
        "undecided at a chinese browser": site.browser(undecided, locale="zh"),
        "english stranger": site.browser(locale="en"),
        "spanish stranger": site.browser(locale="es"),
        "chinese stranger": site.browser(locale="zh"),
        "off: korean": site.browser(readers["ko"], locale="ko"),
        "off: spanish stranger": site.browser(locale="es"),
    }
    site.turn_off(*(number for name, number in crowd.items() if name.startswith("off")))
    return crowd


def _choose(site: Site, user_id: int, language: str) -> None:
    def write() -> None:
        db.session.get_one(User, user_id).locale = language

    site.writing(write)


EXPECTED = {
    "everyone": {
        "spanish at an english browser",
        "spanish at a korean browser",
        "korean",
        "undecided at a chinese browser",
        "english stranger",
        "spanish stranger",
        "chinese stranger",
    },
    "signed_in": {
        "spanish at an english browser",
        "spanish at a korean browser",
        "korean",
        "undecided at a chinese browser",
    },
    "anonymous": {"english stranger", "spanish stranger", "chinese stranger"},
    "language:en": {"english stranger"},
    "language:es": {"spanish at an english browser", "spanish at a korean browser", "spanish stranger"},
    "language:ko": {"korean"},
    "language:zh": {"undecided at a chinese browser", "chinese stranger"},
}


def test_there_is_an_audience_for_every_language() -> None:
    assert EXPECTED.keys() == set(audiences.NAMES)
    assert {name.partition(":")[2] for name in EXPECTED if ":" in name} == set(LANGUAGES)


@pytest.mark.usefixtures("crowd")
def test_each_audience_has_its_size(app: Flask) -> None:
    with app.test_request_context():
        found = {one.name: one.size for one in audiences.list_audiences()}
    assert found == {name: len(browsers) for name, browsers in EXPECTED.items()}


def test_without_a_browser_every_audience_is_empty(app: Flask) -> None:
    with app.test_request_context():
        found = {one.name: one.size for one in audiences.list_audiences()}
    assert found == dict.fromkeys(EXPECTED, 0)


@pytest.mark.parametrize("audience", EXPECTED)
def test_a_broadcast_reaches_exactly_those_it_is_for(site: Site, crowd: dict[str, int], audience: str) -> None:
    broadcast = site.start(audience)
    assert site.row(broadcast).audience_size == len(EXPECTED[audience])
    site.fan_out()
    reached = site.reached(broadcast)
    assert len(reached) == len(set(reached))
    assert {name for name, number in crowd.items() if number in reached} == EXPECTED[audience]


def test_the_sizes_cost_one_question(app: Flask, crowd: dict[str, int]) -> None:
    assert crowd
    with app.test_request_context(), listening(db.engine) as statements:
        audiences.list_audiences()
    assert len(statements) == 1


@pytest.mark.parametrize("name", ["nobody", "", "Everyone", "language:fr", "language:", None, 1, [], {}, True])
def test_an_audience_that_there_is_not_is_refused(app: Flask, name: object) -> None:
    with app.test_request_context(), pytest.raises(InvalidInput) as refused:
        audiences.check(name)
    assert refused.value.field == "audience"
    assert "everyone, signed_in, anonymous, language:en" in str(refused.value.message)


def test_every_audience_is_called_something_that_a_person_knows(app: Flask) -> None:
    with app.test_request_context():
        words = {name: audiences.in_words(name) for name in audiences.NAMES}
    assert words["everyone"] == "Everyone"
    assert words["signed_in"] == "Everyone with an account"
    assert words["anonymous"] == "Everyone without an account"
    assert words["language:ko"] == "Everyone who reads 한국어"
    assert len(set(words.values())) == len(words)
