"""`flask push trace …`: a trail on a terminal of 80 columns."""

from datetime import timedelta

import pytest
from click.testing import Result

from tests.delivery.happenings import ENDPOINT_TOKEN, PRIVATE_TEXT
from tests.delivery.scene import Scene
from tests.people import People
from tests.push.service import GOOGLE, MOZILLA
from webpush_app.delivery.models import State
from webpush_app.subscriptions.models import Off
from webpush_app.subscriptions.push_services import Pause


def trace(scene: Scene, *arguments: str) -> Result:
    return scene.happenings.app.test_cli_runner().invoke(args=["push", "trace", *arguments])


def shown(scene: Scene, *arguments: str) -> str:
    result = trace(scene, *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_trail_reads_from_above_to_below(scene: Scene) -> None:
    scene.happenings.worker_beats()
    push_id = scene.push()
    scene.clock.advance(1)
    in_ten = scene.clock.moment + timedelta(seconds=10)
    scene.happenings.attempt(push_id, "their_trouble", next_at=in_ten, answer_status=503, said="busy")
    scene.clock.advance(12)
    scene.happenings.end(push_id, State.ACCEPTED, answer_status=201, attempts=2)
    day = f"{scene.clock.moment:%Y-%m-%d}"
    assert (
        shown(scene, "1")
        == f"""\
Message 1 from john to susan, {day} 12:00:00 UTC

Firefox on Linux of susan (browser 1)
  notifications are on; subscribed {day} 12:00:00 UTC.
  push:1 through {MOZILLA}
    {day} 12:00:00  Put into the outbox.
    {day} 12:00:01  Answered 503: the push service has trouble of its own.
                         It said: busy
                         Next attempt: 12:00:11 UTC.
    {day} 12:00:13  Answered 201: taken.
  -> Taken by the push service. Whether it was shown is not known.
"""
    )


def test_a_dead_letter_says_how_it_is_sent_again_or_why_it_cannot_be(scene: Scene) -> None:
    push_id = scene.push()
    scene.happenings.end(push_id, State.FAILED, "crashed_the_worker")
    assert f"Send it again: flask outbox replay {push_id}\n" in shown(scene, f"push:{push_id}")
    scene.happenings.turn_off(1, Off.SIGNED_OUT)
    told = shown(scene, f"push:{push_id}")
    assert "It cannot be sent again: it was signed out.\n" in told
    assert "outbox replay" not in told


def test_what_waits_says_at_its_end_what_holds_up_everything(scene: Scene) -> None:
    push_id = scene.push()
    assert shown(scene, "1").endswith(
        "No worker is running (none has ever been seen). `make run` starts one beside the\nserver.\n"
    )
    scene.happenings.worker_beats()
    assert "No worker" not in shown(scene, "1")
    scene.clock.advance(60)
    assert "No worker is running (the last one was seen on " in shown(scene, "1")
    scene.happenings.end(push_id, State.ACCEPTED, answer_status=201)
    assert "No worker" not in shown(scene, "1")


def test_of_a_person_their_browsers_come_first(scene: Scene) -> None:
    scene.happenings.turn_off(scene.happenings.browser(scene.susan, host=GOOGLE, named="Chrome|Android"), Off.GONE)
    scene.clock.advance(1)
    scene.push()
    lines = shown(scene, "susan").splitlines()
    assert lines[0] == "Browsers of susan:"
    assert lines[1].startswith("  Firefox on Linux of susan (browser 2): notifications are on; subscribed")
    assert any("notifications are off since" in line for line in lines)
    assert any(line.startswith("Message 1 from john to susan, ") for line in lines)


def test_of_who_has_no_browser_and_nothing_it_says_so(scene: Scene) -> None:
    assert shown(scene, "susan") == (
        "susan has no browser here: nothing can be pushed until they turn on\nnotifications.\n"
        "Nothing was for susan lately.\n"
    )


def test_of_a_broadcast_it_says_what_became_of_all(scene: Scene) -> None:
    for _browser in range(3):
        scene.happenings.browser()
    scene.happenings.broadcast(scene.john)
    first, *_others = scene.happenings.pushes("broadcast", 1)
    scene.happenings.end(first.id, State.GONE, answer_status=410)
    assert "  3 pushes: 1 browser gone, 2 waiting\n" in shown(scene, "broadcast", "1")


def test_nothing_private_is_printed_and_no_line_is_too_long(scene: Scene, people: People) -> None:
    longest = people("W" * 32)
    scene.happenings.browser(longest, named="Samsung Internet|Android")
    number = scene.happenings.message(scene.john, longest)
    [push] = scene.happenings.pushes("message", number)
    later = scene.clock.moment + timedelta(seconds=10)
    scene.happenings.attempt(push.id, "slow_down", next_at=later, answer_status=429, said="please be patient " * 11)
    scene.happenings.pause(MOZILLA, Pause.BROKEN, 3600)
    for typed in (f"{number}", "W" * 32, f"push:{push.id}"):
        told = shown(scene, typed)
        assert max(len(line) for line in told.splitlines()) <= 80
        assert PRIVATE_TEXT not in told
        assert ENDPOINT_TOKEN not in told


@pytest.mark.parametrize("typed", [["nobody"], ["99"], ["broadcast:7"], ["two", "words"], [""]])
def test_what_is_not_known_is_said_in_one_line_with_what_can_be_given(scene: Scene, typed: list[str]) -> None:
    result = trace(scene, *typed)
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: Nothing is known by “{' '.join(typed)}”. Give the number of a message")
    assert result.output.count("\n") == 1


def test_without_an_argument_the_usage_is_shown(scene: Scene) -> None:
    result = trace(scene)
    assert result.exit_code == 2
    assert "Missing argument 'MESSAGE_OR_PERSON'" in result.output
