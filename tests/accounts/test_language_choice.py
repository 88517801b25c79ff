"""The language a person chooses: every page speaks it at once, whatever the browser prefers."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale, gettext

from tests.accounts.steps import person
from tests.people import Browser


@pytest.mark.parametrize(
    ("locale", "html"),
    [("es", "es"), ("ko", "ko"), ("zh", "zh-Hans")],
)
def test_the_chosen_language_is_stored_and_spoken_at_once(app: Flask, susan: Browser, locale: str, html: str) -> None:
    answer = susan.submit("/edit_profile", {"about_me": "", "locale": locale})
    assert person(app, "susan").locale == locale
    page = susan.get(answer.location, headers={"Accept-Language": "en"}).text
    assert f'<html lang="{html}"' in page
    with app.test_request_context(), force_locale(locale):
        own_words = [gettext("Your profile is saved."), gettext("People"), gettext("Your profile")]
    assert "People" not in own_words
    assert all(words in page for words in own_words)


@pytest.mark.parametrize("locale", ["", "xx", "en_US", "../es", "EN"])
def test_a_language_that_is_not_there_cannot_be_chosen(app: Flask, susan: Browser, locale: str) -> None:
    assert susan.submit("/edit_profile", {"about_me": "x", "locale": locale}).status_code == 422
    assert person(app, "susan").locale is None


def test_the_choice_is_for_that_person_alone(susan: Browser, john: Browser, stranger: FlaskClient) -> None:
    susan.submit("/edit_profile", {"about_me": "", "locale": "ko"})
    assert '<html lang="en"' in john.get("/").text
    assert '<html lang="en"' in stranger.get("/").text


def test_without_a_choice_the_browsers_language_is_spoken(susan: Browser, stranger: FlaskClient) -> None:
    for client in (susan.client, stranger):
        assert '<html lang="es"' in client.get("/", headers={"Accept-Language": "es-AR, en;q=0.5"}).text


def test_errors_speak_the_chosen_language_too(susan: Browser) -> None:
    susan.submit("/edit_profile", {"about_me": "", "locale": "es"})
    page = susan.get("/no/such/page").text
    assert '<html lang="es"' in page
    assert "Not found" not in page
