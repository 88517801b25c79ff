"""Browsers and systems in words a person knows."""

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from webpush_app.web.user_agent import describe, in_words

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
ANDROID = "Mozilla/5.0 (Linux; Android 14; K)"
HEADERS = {
    f"{WINDOWS} {WEBKIT} Chrome/150.0.0.0 Safari/537.36": "Chrome on Windows",
    f"{WINDOWS} {WEBKIT} Chrome/150.0.0.0 Safari/537.36 Edg/150.0": "Edge on Windows",
    f"{WINDOWS} {WEBKIT} Chrome/150.0.0.0 Safari/537.36 OPR/130.0": "Opera on Windows",
    "Mozilla/5.0 (Windows NT 10.0; rv:150.0) Gecko/20100101 Firefox/150.0": "Firefox on Windows",
    "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0": "Firefox on Linux",
    f"{MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15": "Safari on macOS",
    f"{MAC} {WEBKIT} Chrome/150.0.0.0 Safari/537.36": "Chrome on macOS",
    f"{IPHONE} Version/17.4 Mobile/15E148 Safari/604.1": "Safari on iPhone",
    f"{IPHONE} CriOS/150.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
    f"{IPHONE} FxiOS/150.0 Mobile/15E148 Safari/605.1.15": "Firefox on iPhone",
    f"{IPHONE} Version/17.0 EdgiOS/150.0 Mobile/15E148 Safari/604.1": "Edge on iPhone",
    f"{ANDROID} {WEBKIT} Chrome/150.0.0.0 Mobile Safari/537.36": "Chrome on Android",
    f"{ANDROID} {WEBKIT} SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36": "Samsung Internet on Android",
    f"{ANDROID} {WEBKIT} Chrome/150.0.0.0 Mobile Safari/537.36 EdgA/150.0": "Edge on Android",
    "Mozilla/5.0 (Android 14; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0": "Firefox on Android",
    f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/150.0.0.0 Safari/537.36": "Chrome on ChromeOS",
    f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/150.0 Safari/537.36": "Chrome on Linux",
    f"{WINDOWS} {WEBKIT} Chrome/150.0.0.0 Safari/537.36 Vivaldi/7.0": "Vivaldi on Windows",
    "curl/8.5.0": "curl",
    "Something (Linux)": "Linux",
    "": "Unknown browser",
    "<script>alert(1)</script>": "Unknown browser",
}


@pytest.mark.parametrize(("header", "words"), HEADERS.items(), ids=HEADERS.values())
def test_a_browser_is_described_by_its_name_and_system(app: Flask, header: str, words: str) -> None:
    with app.test_request_context():
        assert in_words(describe(header)) == words


@settings(database=None, deadline=None)
@given(st.text())
def test_what_is_stored_is_short_and_none_of_the_headers_own(header: str) -> None:
    described = describe(f"{header} Firefox/150.0 {header} Windows {header}")
    assert len(described) <= 64
    assert described.count("|") == 1
    assert set(described) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ |")
