"""Every alert has words for a person: what happened, what it means, and what to do next."""

from dataclasses import astuple
from datetime import UTC, datetime

from flask import Flask

from tests.delivery.rows import MOZILLA
from webpush_app.delivery.alert_words import AlertWords, alerts_in_words
from webpush_app.delivery.alerts import AlertKind, OpenAlert


def in_words(app: Flask, kind: str, about: str = MOZILLA) -> AlertWords:
    with app.test_request_context():
        return alerts_in_words(OpenAlert(kind, about, "", datetime.now(UTC)))


def test_each_kind_has_its_own_words(app: Flask) -> None:
    words = [in_words(app, kind) for kind in (*AlertKind, "of_a_later_version")]
    for part in zip(*map(astuple, words), strict=True):
        assert len(set(part)) == len(words)
    assert all(sentence.endswith(".") for one in words[:-1] for sentence in astuple(one))


def test_they_name_the_push_service_that_is_meant(app: Flask) -> None:
    for kind in (AlertKind.OUR_KEY, AlertKind.HOST_DOWN, AlertKind.GONE_WAVE, AlertKind.TOO_LARGE):
        assert MOZILLA in in_words(app, kind).happened


def test_a_page_can_ask_for_them(app: Flask) -> None:
    alert = OpenAlert(AlertKind.CRASHES, "", "push 7", datetime.now(UTC))
    with app.test_request_context():
        shown = app.jinja_env.from_string("{{ (alert | alerts_in_words).next_step }}").render(alert=alert)
    assert "flask outbox replay" in shown
