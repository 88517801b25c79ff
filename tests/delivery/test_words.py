"""What became of a push, in words that say what to do where something is to be done."""

from datetime import timedelta

import pytest
from flask import Flask

from tests.conftest import AppMaker
from webpush_app import clock
from webpush_app.delivery import words
from webpush_app.delivery.models import Push, State
from webpush_app.subscriptions.models import Off


def push(state: State, **given: object) -> Push:
    moment = clock.now()
    row = {"attempts": 1, "created_at": moment, "expires_at": moment + timedelta(hours=1), **given}
    return Push(kind="test", subject_id=1, subscription_id=1, lane=0, state=state, **row)


def described(app: Flask, row: Push) -> str:
    with app.test_request_context():
        return words.describe(row)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (push(State.QUEUED, attempts=0), "It waits for its turn."),
        (push(State.SENDING), "It is on its way to the push service."),
        (push(State.ACCEPTED, answer_status=201), "The push service took it (answer 201). It appears in a moment."),
        (push(State.GONE, answer_status=410), "does not know this browser any more (answer 410)."),
        (push(State.EXPIRED, reason="expired"), "It could not be handed over in time and was given up."),
        (push(State.QUEUED, reason="their_trouble", answer_status=503), "The push service answered 503."),
        (push(State.QUEUED, reason="unknown"), "The push service could not be reached. It is tried again by itself."),
        (
            push(State.QUEUED, attempts=0, reason="other_key"),
            "It waits: this site does not have the key that this browser subscribed with.",
        ),
        (
            push(State.QUEUED, attempts=0, answered_at=clock.now(), reason="our_encryption"),
            "This site could not encrypt",
        ),
        (
            push(State.FAILED, attempts=0, reason="given_up_our_encryption"),
            "This site could not encrypt it, and it was given up.",
        ),
        (push(State.FAILED, reason="given_up_unknown"), "The push service could not be reached, and it was given up."),
        (
            push(State.FAILED, reason="refused_vapid", answer_status=403, said="wrong key"),
            "The push service refused it (answer 403: wrong key).",
        ),
        (push(State.FAILED, reason="refused_request", answer_status=400), "refused it (answer 400: –)."),
    ],
)
def test_a_state_and_an_answer_are_said_in_words(app: Flask, row: Push, expected: str) -> None:
    assert expected in described(app, row)


@pytest.mark.parametrize("state", State)
def test_no_state_is_without_words(app: Flask, state: State) -> None:
    for attempts in (0, 1):
        assert len(described(app, push(state, attempts=attempts))) > 10


def test_while_the_contact_address_is_missing_it_says_so(make_app: AppMaker) -> None:
    assert "contact address" in described(make_app(), push(State.QUEUED, attempts=0))


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("browser_removed", "this browser was removed meanwhile"),
        (f"browser_{Off.SIGNED_OUT}", "this browser was signed out meanwhile"),
        (f"browser_{Off.GONE}", "the push service does not know this browser any more"),
        ("somebody_elses", "somebody else is signed in on this browser now"),
        ("read_already", "there was nothing to send any more"),
        ("withdrawn", "there was nothing to send any more"),
        (None, "there was nothing to send any more"),
    ],
)
def test_a_push_that_was_dropped_says_why(app: Flask, reason: str | None, expected: str) -> None:
    said = described(app, push(State.DROPPED, attempts=0, reason=reason))
    assert said.startswith("It was not sent: ")
    assert expected in said
