"""What has happened to a push: each browser, each attempt and what was said to it, and how it ended."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import delete

from tests.delivery.scene import Scene
from tests.push.service import GOOGLE, MOZILLA
from webpush_app.database import db
from webpush_app.delivery.models import State
from webpush_app.delivery.trail import Line
from webpush_app.messaging.models import Message
from webpush_app.subscriptions.models import Off, PushSubscription


class End(NamedTuple):
    state: State
    reason: str | None
    status: int | None
    step: str
    outcome: str


ENDS = [
    End(
        State.FAILED,
        "refused_request",
        400,
        "Answered 400: the push service refused it.",
        "Given up: the push service refused it.",
    ),
    End(
        State.FAILED,
        "given_up_their_trouble",
        503,
        "Answered 503: the push service has trouble of its own.",
        "Given up after 20 attempts: the push service has trouble of its own.",
    ),
    End(
        State.EXPIRED,
        "given_up_on_the_way",
        None,
        "No answer: the push service could not be reached.",
        "Given up after 20 attempts: the push service could not be reached.",
    ),
    End(
        State.EXPIRED,
        "expired",
        None,
        "Not sent: its time was over before it could be sent.",
        "Given up: its time was over at ",
    ),
    End(State.FAILED, "crashed_the_worker", None, "Set aside.", "Set aside: a worker died of it three times."),
    End(
        State.GONE,
        None,
        410,
        "Answered 410: the push service does not know this browser.",
        "The push service does not know this browser any more; it has to subscribe again.",
    ),
    End(
        State.DROPPED,
        "read_already",
        None,
        "Taken out of the outbox when its turn came.",
        "Not sent: it had been read already.",
    ),
    End(State.FAILED, "something_new", 418, "Answered 418: something_new.", "Given up: something_new."),
]


def steps(line: Line) -> Sequence[tuple[str, str | None, str | None]]:
    return [(step.what, step.said, step.then) for step in line.steps]


def test_each_browser_has_its_line_with_whose_it_is(scene: Scene) -> None:
    for host, named in ((MOZILLA, "Firefox|Linux"), (GOOGLE, "Chrome|Android")):
        scene.happenings.browser(scene.susan, host=host, named=named)
    scene.message()
    found = scene.trail()
    assert found.subject.title == "Message 1 from john to susan"
    assert found.subject.sent_at == scene.clock.moment
    shown = [(line.browser and line.browser.browser, line.host, line.push and line.push.state) for line in found.lines]
    assert shown == [("Chrome|Android", GOOGLE, State.QUEUED), ("Firefox|Linux", MOZILLA, State.QUEUED)]
    assert all(line.browser and line.browser.user and line.browser.user.username == "susan" for line in found.lines)


def test_each_attempt_says_what_was_answered_and_when_the_next_one_was(scene: Scene) -> None:
    push_id = scene.push()
    scene.clock.advance(1)
    in_nine = scene.clock.moment + timedelta(seconds=9)
    scene.happenings.attempt(push_id, "their_trouble", next_at=in_nine, answer_status=503, said="busy")
    scene.clock.advance(9)
    in_twenty = scene.clock.moment + timedelta(seconds=20)
    scene.happenings.attempt(push_id, "unknown", next_at=in_twenty, said="timed out")
    scene.clock.advance(20)
    scene.happenings.end(push_id, State.ACCEPTED, answer_status=201, attempts=3)
    line = scene.line()
    without_answer = "No answer: nothing came back in time, so whether it arrived is not known."
    assert steps(line) == [
        ("Put into the outbox.", None, None),
        ("Answered 503: the push service has trouble of its own.", "busy", f"Next attempt: {scene.at(-20)}."),
        (without_answer, "timed out", f"Next attempt: {scene.at(0)}."),
        ("Answered 201: taken.", None, None),
    ]
    assert [step.at for step in line.steps] == sorted(step.at for step in line.steps)
    assert line.outcome == "Taken by the push service. Whether it was shown is not known."


def test_the_answer_that_stands_on_the_row_as_well_is_not_told_twice(scene: Scene) -> None:
    later = scene.clock.moment + timedelta(seconds=15)
    scene.happenings.attempt(scene.push(), "on_the_way", next_at=later, said="connection refused")
    assert [what for what, _said, _then in steps(scene.line())] == [
        "Put into the outbox.",
        "No answer: the push service could not be reached.",
    ]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: f"{end.state}-{end.reason}")
def test_an_end_is_told_with_its_reason(scene: Scene, end: End) -> None:
    push_id = scene.push()
    scene.happenings.end(push_id, end.state, end.reason, answer_status=end.status, attempts=20, said="its words")
    line = scene.line()
    assert (line.steps[-1].what, line.steps[-1].said) == (end.step, "its words")
    assert line.outcome.startswith(end.outcome)


def test_what_lacked_a_key_until_its_end_was_never_tried(scene: Scene) -> None:
    scene.happenings.end(scene.push(), State.EXPIRED, "given_up_other_key", attempts=0)
    line, why = scene.line(), "this site does not have the key that its browser subscribed with"
    assert (line.steps[-1].what, line.outcome) == (f"Not sent: {why}.", f"Given up: {why}.")


def test_every_reason_for_which_a_browser_is_off_has_words(scene: Scene) -> None:
    push_id = scene.push()
    told = set()
    for because in Off:
        scene.happenings.end(push_id, State.DROPPED, f"browser_{because}")
        told.add(scene.outcome())
    assert len(told) == len(Off)
    assert not any("_" in one for one in told)


def test_what_was_sent_to_a_browser_that_has_been_removed_is_told_all_the_same(scene: Scene) -> None:
    push_id = scene.push()
    scene.happenings.writing(lambda: db.session.execute(delete(PushSubscription)))
    scene.happenings.end(push_id, State.DROPPED, "browser_removed", attempts=0)
    line = scene.line()
    assert (line.browser, line.host) == (None, MOZILLA)
    assert line.outcome == "Not sent: this browser was removed meanwhile."


def test_what_was_sent_about_a_message_that_is_gone_is_told_all_the_same(scene: Scene) -> None:
    push_id = scene.push()
    scene.happenings.writing(lambda: db.session.execute(delete(Message)))
    scene.happenings.end(push_id, State.DROPPED, "withdrawn", attempts=0)
    assert scene.trail().subject.title == "Message 1, which is not there any more"
    assert scene.outcome() == "Not sent: what it was about is not there any more."


def test_that_it_was_read_is_said(scene: Scene) -> None:
    scene.push()
    assert scene.trail().notes == []
    scene.happenings.change(Message, 1, read_at=scene.clock.moment)
    assert scene.trail().notes == [f"susan read it at {scene.at(0)}."]


def test_a_moment_on_another_day_is_told_with_its_day(scene: Scene) -> None:
    scene.push()
    scene.happenings.change(Message, 1, read_at=scene.clock.moment)
    read_at = f"{scene.clock.moment:%Y-%m-%d} {scene.at(0)}"
    scene.clock.advance(24 * 3600)
    assert scene.trail().notes == [f"susan read it at {read_at}."]
