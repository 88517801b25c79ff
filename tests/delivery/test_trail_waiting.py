"""What happens next to a push that waits, and what it waits for."""

from datetime import timedelta

import pytest

from tests.conftest import AppMaker
from tests.delivery.conftest import StandingClock
from tests.delivery.happenings import Happenings
from tests.delivery.scene import Scene
from tests.people import People
from tests.push.service import APPLE, GOOGLE, MOZILLA
from webpush_app.delivery.models import Push, State
from webpush_app.subscriptions.push_services import Pause

NO_WORKER = "Waits: no worker is running."
ITS_TURN = "Waits for its turn."


def test_it_is_its_turn_or_its_next_attempt(scene: Scene) -> None:
    scene.happenings.worker_beats()
    push_id = scene.push()
    assert scene.outcome() == ITS_TURN
    in_fifteen = scene.clock.moment + timedelta(seconds=15)
    scene.happenings.attempt(push_id, "on_the_way", next_at=in_fifteen)
    assert scene.outcome() == f"Next attempt: {scene.at(15)}."


@pytest.mark.parametrize(
    ("because", "why"),
    [
        (Pause.BROKEN, "it fails or cannot be reached"),
        (Pause.OUR_KEY, "it refuses our signature"),
        (Pause.SLOW_DOWN, "it asked for it"),
    ],
)
def test_a_service_that_is_spared_is_named_with_until_when_and_why(scene: Scene, because: Pause, why: str) -> None:
    scene.happenings.worker_beats()
    scene.push()
    scene.happenings.pause(MOZILLA, because, 60)
    assert scene.outcome() == f"Waits: {MOZILLA} is spared until {scene.at(60)}, because {why}."
    scene.clock.advance(60)
    scene.happenings.worker_beats()
    assert scene.outcome() == f"Waits: one push tries whether {MOZILLA} is well again."


def test_of_all_that_has_to_pass_the_last_is_named(scene: Scene) -> None:
    scene.happenings.worker_beats()
    push_id = scene.push()
    scene.happenings.pause(MOZILLA, Pause.BROKEN, 60)
    scene.happenings.change(Push, push_id, due_at=scene.clock.moment + timedelta(seconds=90), attempts=1)
    assert scene.outcome() == f"Next attempt: {scene.at(90)}."
    scene.happenings.change_browser(1, hold_until=scene.clock.moment + timedelta(seconds=120))
    asked = "the push service asked for patience with this browser"
    assert scene.outcome() == f"Waits until {scene.at(120)}: {asked}."


def test_that_a_key_is_missing_is_said_with_what_ends_it_until_the_next_look(scene: Scene) -> None:
    scene.happenings.worker_beats()
    push_id = scene.push()
    scene.happenings.change(Push, push_id, reason="other_key", due_at=scene.clock.moment + timedelta(seconds=10))
    assert scene.outcome() == (
        "Waits: this site does not have the key that its browser subscribed with. It is sent when an admin has put the "
        f"key back, or when that browser has visited the site; the next look is at {scene.at(10)}."
    )
    scene.clock.advance(10)
    assert scene.outcome() == ITS_TURN


def test_one_service_that_is_spared_is_not_taken_for_another(scene: Scene) -> None:
    scene.happenings.worker_beats()
    for host in (APPLE, GOOGLE):
        scene.happenings.browser(scene.susan, host=host)
    scene.message()
    scene.happenings.pause(GOOGLE, Pause.BROKEN, 60)
    outcomes = {line.host: line.outcome for line in scene.trail().lines}
    assert outcomes[APPLE] == ITS_TURN
    assert outcomes[GOOGLE].startswith(f"Waits: {GOOGLE} is spared until ")


def test_while_no_worker_runs_it_waits_for_one(scene: Scene) -> None:
    scene.push()
    assert scene.outcome() == NO_WORKER
    scene.happenings.worker_beats()
    scene.clock.advance(15)
    assert scene.outcome() == ITS_TURN
    scene.clock.advance(1)
    assert scene.outcome() == NO_WORKER


def test_a_worker_that_has_ended_does_not_run(scene: Scene) -> None:
    scene.push()
    scene.happenings.worker_beats(has_ended=True)
    assert scene.outcome() == NO_WORKER
    scene.happenings.worker_beats()
    assert scene.outcome() == ITS_TURN


def test_while_there_is_no_contact_address_it_waits_for_one(
    make_app: AppMaker, password_hash: str, clock: StandingClock
) -> None:
    app = make_app()
    people, happenings = People(app, password_hash), Happenings(app)
    scene = Scene(happenings, clock, people("john"), people("susan"))
    scene.push()
    happenings.worker_beats()
    assert scene.outcome() == "Waits: an admin has to give a contact address first."


def test_what_is_being_sent_says_so_and_also_that_its_worker_is_lost(scene: Scene) -> None:
    scene.happenings.worker_beats()
    push_id = scene.push()
    scene.happenings.change(Push, push_id, state=State.SENDING, due_at=scene.clock.moment + timedelta(seconds=10))
    assert scene.outcome() == "It is being sent."
    scene.clock.advance(10)
    assert scene.outcome() == "The worker that had it is gone; another one takes it."
    scene.happenings.change(Push, push_id, state=State.QUEUED, crashes=2)
    assert scene.outcome() == f"{ITS_TURN} Workers were lost 2 times while they had this one."
