"""Every text is translated into every language, none is stale, and the placeholders are the same."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from flask import Flask
from flask_babel import force_locale

from tests.people import Browser
from webpush_app import clock, translate
from webpush_app.config import LANGUAGES
from webpush_app.web.times import in_words

FILES = translate.language_files()
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%%|&\w+;|<[^>]+>")


@pytest.fixture(scope="module")
def texts() -> Catalog:
    return translate.collect()


def _ids(catalog: Catalog) -> set[str]:
    return {_as_text(message.id) for message in catalog if message.id}


def _as_text(text: object) -> str:
    return "\n".join(text) if isinstance(text, tuple | list) else str(text)


def _strings(message: Message) -> list[str]:
    return list(message.string) if isinstance(message.string, tuple | list) else [str(message.string)]


def test_there_is_a_file_for_each_language_but_english() -> None:
    assert {path.parent.parent.name for path in FILES} == LANGUAGES.keys() - {"en"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.parent.name)
def test_no_text_is_missing_or_stale(path: Path, texts: Catalog) -> None:
    catalog = translate.read(path)
    assert _ids(catalog) == _ids(texts), "run `flask translate update`"
    assert not catalog.obsolete
    untranslated = [_as_text(m.id) for m in catalog if m.id and (m.fuzzy or not translate.is_translated(m.string))]
    assert untranslated == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.parent.name)
def test_the_placeholders_are_the_same(path: Path) -> None:
    for message in translate.read(path):
        if not message.id:
            continue
        wanted = set(_PLACEHOLDER.findall(_as_text(message.id)))
        for string in _strings(message):
            assert set(_PLACEHOLDER.findall(string)) == wanted, string


@pytest.mark.parametrize(
    ("header", "language", "title"),
    [
        ("es-MX,es;q=0.9,en;q=0.5", "es", "Iniciar sesión"),
        ("ko-KR,ko", "ko", "로그인"),
        ("zh-CN,zh;q=0.9", "zh-Hans", "登录"),
        ("fr-FR,fr", "en", "Sign in"),
        ("not a header;;q=x", "en", "Sign in"),
    ],
)
def test_the_browsers_language_is_spoken_at_first(app: Flask, header: str, language: str, title: str) -> None:
    page = app.test_client().get("/login", headers={"Accept-Language": header}).text
    assert f'<html lang="{language}"' in page
    assert f"<h1>{title}</h1>" in page


@pytest.mark.parametrize(("language", "ago"), [("es", "hace"), ("ko", "전"), ("zh", "前"), ("en", "ago")])
def test_errors_dates_and_forms_speak_the_persons_language(susan: Browser, language: str, ago: str) -> None:
    assert susan.submit("/edit_profile", {"about_me": "", "locale": language}).status_code == 302
    html_name = {"zh": "zh-Hans"}.get(language, language)
    for path in ("/", "/people", "/user/susan", "/nothing-here", "/messages"):
        assert f'<html lang="{html_name}"' in susan.get(path, headers={"Accept-Language": "fr"}).text
    with susan.client.application.test_request_context(), force_locale(language):
        assert ago in in_words(clock.now() - clock.MICROSECOND * 180_000_000)


def test_an_unknown_language_is_refused_in_the_form(susan: Browser) -> None:
    assert susan.submit("/edit_profile", {"about_me": "", "locale": "xx"}).status_code == 422
