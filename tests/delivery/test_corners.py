"""Corner cases of the delivery's words, its bell and its patience: each went wrong once."""

import ast
import inspect
import os
from contextlib import closing, suppress
from pathlib import Path

import pytest
from flask import Flask

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Outgoing
from tests.delivery.test_words import described, push
from tests.people import People
from webpush_app import clock as the_clock
from webpush_app.delivery import preparing
from webpush_app.delivery.doorbell import Doorbell
from webpush_app.delivery.models import State
from webpush_app.subscriptions.models import Off

NOTHING_TO_SEND = "It was not sent: there was nothing to send any more."


def test_every_reason_to_drop_because_of_the_browser_has_its_own_words(app: Flask) -> None:
    """Read from the code that gives the reasons, so that a new one is not forgotten here."""
    returned = [
        node.value.value
        for node in ast.walk(ast.parse(inspect.getsource(preparing._why_not)))
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant) and node.value.value
    ]
    assert len(returned) >= 2
    for reason in (*returned, *(f"browser_{because}" for because in Off)):
        assert described(app, push(State.DROPPED, attempts=0, reason=str(reason))) != NOTHING_TO_SEND, reason


@pytest.mark.parametrize("reason", ["refused_keys", "refused_too_large", "refused_request"])
def test_what_was_refused_before_anybody_was_asked_is_not_called_unreachable(app: Flask, reason: str) -> None:
    said = described(app, push(State.FAILED, reason=reason, said="cannot be encrypted"))
    assert "could not be reached" not in said


def test_who_was_told_to_slow_down_does_not_read_that_it_waits_for_its_turn(app: Flask) -> None:
    row = push(State.QUEUED, attempts=0, reason="slow_down", answer_status=429, answered_at=the_clock.now())
    assert "answered 429" in described(app, row)


def test_given_up_after_many_answers_is_not_called_refused(app: Flask) -> None:
    row = push(State.FAILED, reason="given_up_their_trouble", answer_status=500, attempts=20)
    assert "refused" not in described(app, row)


def fill(pipe: int) -> None:
    with suppress(BlockingIOError):
        while True:
            os.write(pipe, b"." * 4096)


def test_the_bell_can_be_rung_from_a_signals_handler_when_it_is_full(app: Flask, tmp_path: Path) -> None:
    with closing(Doorbell(tmp_path)) as bell:
        pipe = os.open(tmp_path / "doorbell", os.O_WRONLY | os.O_NONBLOCK)
        fill(pipe)
        os.close(pipe)
        bell.ring()


def test_a_push_that_waited_for_the_contact_address_is_tried_more_than_once(
    people: People, outgoing: Outgoing, clock: StandingClock
) -> None:
    device = outgoing.device(people("susan"))
    device.subscribed.answer_with(503, 201)
    people.write(people("john"), 1, "hello")
    clock.advance(5 * 3600)  # nobody gave an address, or the machine was off
    outgoing.deliver()
    assert outgoing.states() == [State.QUEUED]
