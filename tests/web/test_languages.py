"""Which language a browser prefers, of those that are there."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from webpush_app.web.languages import from_browser


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("en", "en"),
        ("es", "es"),
        ("ES-mx", "es"),
        ("es-419,es;q=0.9,en;q=0.8", "es"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8", "ko"),
        ("zh-CN", "zh"),
        ("zh-Hant-TW", "zh"),
        ("fr,de;q=0.9", "en"),
        ("fr,ko;q=0.5,en;q=0.4", "ko"),
        ("en;q=0.2,es;q=0.9", "es"),
        ("es;q=0,ko;q=0.1", "ko"),
        ("*", "en"),
        ("", "en"),
        ("xx-yy-zz;q=nonsense", "en"),
        ("es" * 3000, "en"),
    ],
)
def test_the_browsers_preference_is_met_where_it_can_be(app: Flask, header: str, language: str) -> None:
    with app.test_request_context(headers={"Accept-Language": header}):
        assert from_browser() == language


@pytest.mark.parametrize(
    ("header", "language"), [("es-AR,en;q=0.5", "es"), ("zh-TW,en-US;q=0.7,en;q=0.3", "zh"), ("ko-KR,en;q=0.9", "ko")]
)
def test_a_country_of_the_language_comes_before_a_language_that_is_liked_less(
    app: Flask, header: str, language: str
) -> None:
    with app.test_request_context(headers={"Accept-Language": header}):
        assert from_browser() == language


@pytest.mark.parametrize(("header", "html"), [("en", "en"), ("es", "es"), ("ko", "ko"), ("zh", "zh-Hans")])
def test_a_page_says_which_language_it_is_in(stranger: FlaskClient, header: str, html: str) -> None:
    assert f'<html lang="{html}"' in stranger.get("/", headers={"Accept-Language": header}).text
