"""Which language a person reads: their own choice, else what their browser prefers."""

from typing import Any

from flask import Flask, has_request_context, request
from flask_babel import get_locale
from flask_login import current_user

from webpush_app.config import LANGUAGES, ROOT

TRANSLATIONS = ROOT / "translations"
DEFAULT = "en"
# What `<html lang>` says: a screen reader and a font need to know which Chinese.
_HTML_NAMES = {"zh": "zh-Hans"}


def init_app(app: Flask, babel: Any) -> None:
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    app.config["BABEL_DEFAULT_LOCALE"] = DEFAULT
    babel.init_app(app, locale_selector=chosen)
    app.context_processor(lambda: {"html_language": html_language})


def chosen() -> str:
    if not has_request_context():
        return DEFAULT
    choice: str | None = getattr(current_user, "locale", None)
    return choice if choice in LANGUAGES else from_browser()


def from_browser() -> str:
    """The language liked best that we speak; Mexican Spanish is Spanish, before an English that is liked less."""
    for tag, quality in request.accept_languages:
        language = tag.replace("_", "-").partition("-")[0].lower()
        if language in LANGUAGES and quality > 0:
            return language
    return DEFAULT


def html_language() -> str:
    locale = str(get_locale() or DEFAULT)
    return _HTML_NAMES.get(locale, locale)
