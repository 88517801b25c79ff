"""Why nothing was sent to a browser, or to anybody: said as far as it is known, and no further."""

import pytest
from sqlalchemy import delete

from tests.delivery.scene import Scene
from webpush_app.database import db
from webpush_app.delivery.models import Push
from webpush_app.subscriptions.models import Off

NOT_KNOWN = "There is no push to it, and why is not known"
NOTHING_THERE = "No push about it is in the outbox."


def outcomes(scene: Scene) -> list[str]:
    return [line.outcome for line in scene.trail().lines]


def test_without_any_browser_the_past_is_not_known(scene: Scene) -> None:
    scene.message()
    assert outcomes(scene) == []
    assert scene.trail().notes == [
        "Nothing was sent: they have no browser here now. Whether they had one when it was sent is not known."
    ]


def test_a_browser_that_came_later_got_nothing(scene: Scene) -> None:
    scene.message()
    scene.clock.advance(1)
    scene.happenings.browser(scene.susan)
    assert outcomes(scene) == [f"Nothing was sent: it subscribed later, at {scene.at(0)}."]
    none_of_them = "Nothing was sent: no browser that they have now had notifications on when it was sent."
    assert scene.trail().notes == [none_of_them]


@pytest.mark.parametrize(
    ("because", "why"),
    [
        (Off.SIGNED_OUT, "it was signed out"),
        (Off.GONE, "its push service does not know it any more"),
        (Off.UNUSABLE, "nothing can be encrypted to its keys"),
        (Off.REFUSED, "its push service refused it again and again"),
        (Off.OLD_KEY, "it subscribed with an old key of this site"),
    ],
)
def test_a_browser_that_was_off_got_nothing(scene: Scene, because: Off, why: str) -> None:
    scene.happenings.turn_off(scene.happenings.browser(scene.susan), because)
    scene.clock.advance(1)
    scene.message()
    assert outcomes(scene) == [f"Nothing was sent: notifications were off on it; {why}."]


def test_beside_a_browser_that_got_it_the_others_say_why_not(scene: Scene) -> None:
    scene.happenings.browser(scene.susan)
    scene.happenings.turn_off(scene.happenings.browser(scene.susan), Off.SIGNED_OUT)
    scene.clock.advance(1)
    scene.message()
    sent, not_sent = outcomes(scene)
    assert sent.startswith("Waits")
    assert not_sent == "Nothing was sent: notifications were off on it; it was signed out."
    assert scene.trail().notes == []


def test_a_browser_that_was_off_in_between_is_not_judged(scene: Scene) -> None:
    """It is on now, and until when it was off nobody wrote down."""
    browser = scene.happenings.browser(scene.susan)
    scene.happenings.turn_off(browser, Off.SIGNED_OUT)
    scene.message()
    scene.clock.advance(1)
    scene.happenings.change_browser(browser, off_at=None, off_because=None)
    [told] = outcomes(scene)
    assert told.startswith(NOT_KNOWN)
    assert scene.trail().notes == [NOTHING_THERE]


def test_a_browser_that_was_turned_off_later_is_not_judged(scene: Scene) -> None:
    browser = scene.happenings.browser(scene.susan)
    scene.message()
    scene.happenings.writing(lambda: db.session.execute(delete(Push)))  # as tidied away
    scene.clock.advance(1)
    scene.happenings.turn_off(browser, Off.GONE)
    [told] = outcomes(scene)
    assert told.startswith(NOT_KNOWN)


def test_a_broadcast_to_nobody_says_so(scene: Scene) -> None:
    scene.happenings.broadcast(scene.john)
    found = scene.trail("broadcast:1")
    assert found.subject.title == "Broadcast 1, “News”"
    assert found.notes == ["It was for: Everyone. No browser of theirs had notifications on.", NOTHING_THERE]


def test_a_broadcast_that_is_not_in_the_outbox_yet_says_so(scene: Scene) -> None:
    scene.happenings.browser()
    scene.happenings.broadcast(scene.john, is_fanned_out=False)
    assert scene.trail("broadcast:1").notes == [
        "It was for: Everyone, 1 browser.",
        "Its pushes are still being put into the outbox.",
        NOTHING_THERE,
    ]
