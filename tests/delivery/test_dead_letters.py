"""Dead letters: what is one, how they are counted and found, and what sending one again means."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from tests.delivery.scene import Scene
from tests.push.service import GOOGLE, MOZILLA
from webpush_app.database import begin_write, db
from webpush_app.delivery import dead_letters, listing, outbox, walking
from webpush_app.delivery.dead_letters import DEAD, Group, Replayed
from webpush_app.delivery.models import FINAL, Push, PushTally, State
from webpush_app.delivery.walking import Wanted, Watch
from webpush_app.subscriptions.models import Off, PushSubscription

ALL = Wanted(DEAD)


def replay(scene: Scene, wanted: Wanted = ALL, *, is_trial: bool = False) -> Replayed:
    return scene.happenings.reading(lambda: dead_letters.replay(wanted, is_trial=is_trial))


def groups(scene: Scene, wanted: Wanted = ALL) -> list[Group]:
    return list(scene.happenings.reading(lambda: dead_letters.count(wanted)).groups)


def values(push: Push) -> dict[str, object]:
    return {name: value for name, value in vars(push).items() if not name.startswith("_")}


def dead(scene: Scene, *, host: str = MOZILLA, reason: str = "refused_request") -> int:
    """A push about a message of its own, to a browser of its own."""
    scene.happenings.browser(scene.susan, host=host)
    push = scene.happenings.pushes("message", scene.message())[-1]
    state = State.EXPIRED if reason == "expired" else State.FAILED
    had = {"attempts": 7, "crashes": 2, "is_short": True, "first_attempt_at": scene.clock.moment}
    scene.happenings.end(push.id, state, reason, answer_status=400, said="bad", **had)
    return push.id


def leave_only(scene: Scene, *push_ids: int) -> None:
    """Those of the other browsers are out of the way."""
    scene.happenings.writing(lambda: db.session.execute(delete(Push).where(Push.id.not_in(push_ids))))


@pytest.mark.parametrize("state", State)
def test_what_failed_or_came_too_late_is_one_and_nothing_else(scene: Scene, state: State) -> None:
    push_id = scene.push()
    if state in FINAL:
        scene.happenings.end(push_id, state, "x")
    else:
        scene.happenings.change(Push, push_id, state=state)
    is_one = state in (State.FAILED, State.EXPIRED)
    assert groups(scene) == ([Group(MOZILLA, "x", 1)] if is_one else [])
    assert replay(scene).number == is_one


def test_it_begins_anew_and_keeps_its_last_answer(scene: Scene) -> None:
    push_id = dead(scene)
    before = values(scene.happenings.push(push_id))
    scene.clock.advance(60)
    assert replay(scene) == Replayed(1)
    anew = {"state": State.QUEUED, "due_at": scene.clock.moment, "first_attempt_at": None, "lease_token": None}
    anew |= {"attempts": 0, "crashes": 0, "is_short": False}
    assert values(scene.happenings.push(push_id)) == before | anew


def test_whose_time_is_over_gets_as_much_as_it_had(scene: Scene) -> None:
    push_id = dead(scene, reason="expired")
    push = scene.happenings.push(push_id)
    scene.clock.advance(3 * 24 * 3600)
    replay(scene)
    expires_at = scene.happenings.push(push_id).expires_at
    assert expires_at == scene.clock.moment + (push.expires_at - push.created_at)
    assert expires_at == scene.clock.moment + outbox.MESSAGE_LASTS


@pytest.mark.parametrize("kind", ["message", "broadcast", "test"])
def test_it_gets_no_more_than_that_when_it_is_sent_again_a_second_time(scene: Scene, kind: str) -> None:
    browser = scene.happenings.browser(scene.susan)
    about: dict[str, Callable[[], int]] = {
        "message": scene.message,
        "broadcast": lambda: scene.happenings.broadcast(scene.john),
        "test": lambda: scene.happenings.test(browser),
    }
    about[kind]()
    push = scene.happenings.push(1)
    for _time in range(3):
        scene.happenings.end(push.id, State.EXPIRED, "expired")
        scene.clock.advance(30 * 3600)
        replay(scene)
        expires_at = scene.happenings.push(push.id).expires_at
        assert expires_at == scene.clock.moment + (push.expires_at - push.created_at)


def test_of_a_message_nothing_is_counted(scene: Scene) -> None:
    dead(scene)
    replay(scene)
    assert scene.happenings.reading(lambda: db.session.scalar(select(PushTally.id))) is None


def test_the_trail_keeps_the_answer_that_was_the_last_one(scene: Scene) -> None:
    push_id = dead(scene)
    scene.happenings.worker_beats()
    scene.clock.advance(5)
    replay(scene)
    line = scene.line(f"push:{push_id}")
    ended = line.steps[-1]
    assert (ended.what, ended.said) == ("Answered 400: the push service refused it.", "bad")
    assert ended.then == "Given up then, and sent again by hand later."
    assert line.outcome == "Waits for its turn."
    scene.happenings.end(push_id, State.ACCEPTED, answer_status=201)
    told = [step.what for step in scene.line(f"push:{push_id}").steps]
    assert told == ["Put into the outbox.", "Answered 400: the push service refused it.", "Answered 201: taken."]


def test_sent_again_it_is_no_dead_letter_any_more(scene: Scene) -> None:
    dead(scene)
    assert replay(scene).number == 1
    assert replay(scene) == Replayed(0)
    assert groups(scene) == []


def test_a_trial_changes_nothing(scene: Scene) -> None:
    push_id = dead(scene)
    before = values(scene.happenings.push(push_id))
    assert replay(scene, is_trial=True) == Replayed(1)
    assert values(scene.happenings.push(push_id)) == before
    assert [step.then for step in scene.line(f"push:{push_id}").steps] == [None, None]


@pytest.mark.parametrize("because", Off)
def test_a_browser_that_is_off_is_left_out(scene: Scene, because: Off) -> None:
    dead(scene)
    scene.happenings.turn_off(1, because)
    for is_trial in (True, False):
        done = replay(scene, is_trial=is_trial)
        assert (done.number, dict(done.left)) == (0, {f"browser_{because}": 1})
    assert groups(scene) == [Group(MOZILLA, "refused_request", 1)]


def test_a_browser_that_has_been_removed_or_is_somebody_elses_is_left_out(scene: Scene) -> None:
    dead(scene)
    scene.happenings.change_browser(1, user_id=scene.john)
    assert dict(replay(scene).left) == {"somebody_elses": 1}
    scene.happenings.writing(lambda: db.session.execute(delete(PushSubscription)))
    assert dict(replay(scene).left) == {"browser_removed": 1}
    assert scene.happenings.push(1).state == State.FAILED


def test_they_are_counted_by_service_and_reason_the_most_first(scene: Scene) -> None:
    kept = [dead(scene), dead(scene), dead(scene, host=GOOGLE), dead(scene, reason="expired")]
    leave_only(scene, *kept)
    expected = [Group(MOZILLA, "refused_request", 2), Group(GOOGLE, "refused_request", 1), Group(MOZILLA, "expired", 1)]
    assert groups(scene) == expected
    assert groups(scene, Wanted(host=GOOGLE)) == [expected[1]]
    assert groups(scene, Wanted(reason="expired")) == [expected[2]]
    assert groups(scene, Wanted(kind="message")) == expected
    assert groups(scene, Wanted(kind="broadcast")) == []


def test_those_of_a_service_a_reason_a_kind_or_a_time_alone_are_sent_again(scene: Scene) -> None:
    first = dead(scene)
    scene.clock.advance(60)
    others = [dead(scene, host=GOOGLE), dead(scene, reason="expired")]
    leave_only(scene, first, *others)
    moment = scene.clock.moment
    for wanted, number in (
        (Wanted(host=GOOGLE), 1),
        (Wanted(reason="expired"), 1),
        (Wanted(host=MOZILLA, reason="expired"), 1),
        (Wanted(host=GOOGLE, reason="expired"), 0),
        (Wanted(kind="message"), 3),
        (Wanted(kind="test"), 0),
        (Wanted(since=moment), 2),
        (Wanted(since=moment + timedelta(seconds=1)), 0),
        (Wanted(since=moment - timedelta(seconds=60)), 3),
    ):
        assert replay(scene, wanted, is_trial=True).number == number, wanted
    assert replay(scene, Wanted(host=GOOGLE)).number == 1
    assert [scene.happenings.push(one).state for one in (first, *others)] == [State.FAILED, State.QUEUED, State.EXPIRED]


def test_by_number_only_dead_letters_are_sent_again(scene: Scene) -> None:
    gone = dead(scene)
    waiting = scene.happenings.pushes("message", scene.message())[0].id

    def by_number() -> Replayed:
        return dead_letters.replay_numbers([gone, waiting, gone, 999])

    assert scene.happenings.reading(by_number) == Replayed(1)
    assert scene.happenings.push(waiting).attempts == 0


def test_somebody_is_told_that_there_is_something_to_send(scene: Scene) -> None:
    dead(scene)
    heard: list[object] = []

    def hear(_sender: object) -> None:
        with scene.happenings.app.app_context():
            heard.append(db.session.scalar(select(Push.state)))

    with outbox.pushes_due.connected_to(hear):
        replay(scene, is_trial=True)
        assert heard == []
        replay(scene)
    assert heard == [State.QUEUED], "after the commit, so that it is there for whoever looks"


def test_what_cannot_be_looked_through_in_time_is_said(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "WINDOW", 2)
    kept = [dead(scene) for _number in range(4)]
    leave_only(scene, *kept)
    newest = kept[-1]
    counted = scene.happenings.reading(lambda: dead_letters.count(ALL, Watch(0)))
    assert counted.was_cut_short
    assert counted.number == len([one for one in kept if one > newest - 2])
    assert scene.happenings.reading(lambda: dead_letters.count(ALL)) == dead_letters.Groups(
        [Group(MOZILLA, "refused_request", 4)]
    )
    page = scene.happenings.reading(lambda: listing.newest(Wanted(reason="x"), 5, watch=Watch(0)))
    assert (page.pushes, page.next_before, page.was_cut_short) == ([], newest - 1, True)


def test_within_a_transaction_of_the_caller_nothing_is_committed(scene: Scene) -> None:
    push_id = dead(scene)
    with scene.happenings.app.app_context():
        begin_write()
        assert dead_letters.replay_some([push_id]).number == 1
        db.session.rollback()
    assert scene.happenings.push(push_id).state == State.FAILED
