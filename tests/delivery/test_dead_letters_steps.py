"""Many dead letters are sent again a step at a time: none is lost and none sent again twice, whatever happens between
two steps; and what is counted of a broadcast stays right."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from tests.delivery.outgoing import Outgoing
from tests.delivery.scene import Scene
from tests.people import People
from webpush_app.database import begin_write, db
from webpush_app.delivery import dead_letters, outbox, walking
from webpush_app.delivery.dead_letters import DEAD
from webpush_app.delivery.models import FINAL, Push, PushAttempt, State
from webpush_app.delivery.walking import Wanted, Watch

ALL = Wanted(DEAD)
NUMBER = 7


class Killed(BaseException):
    """Nothing may catch it."""


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "STEP", 2)


@pytest.fixture
def broadcast(scene: Scene) -> int:
    """To so many browsers, and all of it given up."""
    for _browser in range(NUMBER):
        scene.happenings.browser()
    number = scene.happenings.broadcast(scene.john)
    for push in scene.happenings.pushes("broadcast", number):
        state = State.EXPIRED if push.id % 3 else State.FAILED
        scene.happenings.end(push.id, state, "given_up_their_trouble", answer_status=503)
    return number


def replay(scene: Scene, *, begin: Callable[[], object] = begin_write) -> int:
    return scene.happenings.reading(lambda: dead_letters.replay(ALL, begin=begin).number)


def states(scene: Scene, broadcast: int) -> Counter[str]:
    return Counter(push.state for push in scene.happenings.pushes("broadcast", broadcast))


def times_sent_again(scene: Scene) -> list[int]:
    """Of each push that was; each time leaves its last answer behind."""
    counted = select(func.count()).select_from(PushAttempt).group_by(PushAttempt.push_id)
    return scene.happenings.reading(lambda: list(db.session.scalars(counted)))


def check_tally(scene: Scene, broadcast: int) -> None:
    """It says what the rows say."""
    rows, tally = states(scene, broadcast), scene.happenings.read_tally(broadcast)
    assert tally.pop(State.QUEUED) == rows.total()
    assert tally == {state: rows[state] for state in FINAL if rows[state]}


def test_the_tally_says_what_the_rows_say(scene: Scene, broadcast: int) -> None:
    check_tally(scene, broadcast)
    assert scene.happenings.progress(broadcast).is_done
    assert replay(scene) == NUMBER
    check_tally(scene, broadcast)
    progress = scene.happenings.progress(broadcast)
    assert (progress.waiting, progress.failed, progress.is_done) == (NUMBER, 0, False)
    for push in scene.happenings.pushes("broadcast", broadcast):
        scene.happenings.end(push.id, State.ACCEPTED, answer_status=201)
    check_tally(scene, broadcast)
    progress = scene.happenings.progress(broadcast)
    assert (progress.accepted, progress.failed, progress.is_done) == (NUMBER, 0, True)


def test_killed_between_two_steps_the_rest_is_left_for_the_next_time(scene: Scene, broadcast: int) -> None:
    begun: list[int] = []

    def begin() -> None:
        if len(begun) == 2:
            raise Killed
        begun.append(1)
        begin_write()

    with pytest.raises(Killed):
        replay(scene, begin=begin)
    assert states(scene, broadcast)[State.QUEUED] == 4
    check_tally(scene, broadcast)
    assert replay(scene) == NUMBER - 4
    assert times_sent_again(scene) == [1] * NUMBER
    check_tally(scene, broadcast)


def test_killed_within_a_step_nothing_of_it_is_written(
    scene: Scene, broadcast: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_given: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(outbox, "count", die)
        with pytest.raises(Killed):
            replay(scene)
    assert State.QUEUED not in states(scene, broadcast)
    assert times_sent_again(scene) == []
    check_tally(scene, broadcast)
    assert replay(scene) == NUMBER


def test_what_is_given_up_again_meanwhile_is_not_sent_a_third_time(scene: Scene, broadcast: int) -> None:
    first = scene.happenings.pushes("broadcast", broadcast)[0].id

    def begin() -> None:
        if scene.happenings.push(first).state == State.QUEUED:
            scene.happenings.end(first, State.FAILED, "refused_request", answer_status=400)
        begin_write()

    assert replay(scene, begin=begin) == NUMBER
    assert times_sent_again(scene) == [1] * NUMBER
    assert scene.happenings.push(first).state == State.FAILED


def test_two_who_send_again_at_once_do_not_send_twice(scene: Scene, broadcast: int) -> None:
    together = threading.Barrier(2)
    numbers: list[int] = []

    def send_again() -> None:
        with scene.happenings.app.app_context():
            together.wait()
            numbers.append(dead_letters.replay(ALL).number)

    threads = [threading.Thread(target=send_again) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(numbers) == NUMBER
    assert times_sent_again(scene) == [1] * NUMBER
    check_tally(scene, broadcast)


def test_who_writes_meanwhile_gets_a_turn_between_two_steps(
    scene: Scene, broadcast: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    replay(scene)
    assert waited.count(dead_letters.BETWEEN_STEPS_SECONDS) == 4


def test_whose_time_is_over_stops_between_two_steps_and_says_so(scene: Scene, broadcast: int) -> None:
    done = scene.happenings.reading(lambda: dead_letters.replay(ALL, watch=Watch(0)))
    assert (done.number, done.was_cut_short) == (0, True)
    done = scene.happenings.reading(lambda: dead_letters.replay(ALL, watch=Watch(60)))
    assert (done.number, done.was_cut_short) == (NUMBER, False)


def test_a_refused_broadcast_that_is_sent_again_arrives(outgoing: Outgoing, people: People) -> None:
    devices = [outgoing.device() for _number in range(3)]
    outgoing.service.answer_with(400)
    outgoing.broadcast(people("admin", is_admin=True))
    outgoing.deliver()
    assert outgoing.tally(1) == {State.QUEUED: 3, State.FAILED: 3}
    with outgoing.app.app_context():
        assert dead_letters.replay(ALL).number == 3
    assert outgoing.tally(1) == {State.QUEUED: 3}
    outgoing.service.answer_with(201)
    outgoing.deliver()
    assert outgoing.tally(1) == {State.QUEUED: 3, State.ACCEPTED: 3}
    assert [len(device.subscribed.received) for device in devices] == [2, 2, 2]
    topics = {device.id: {push.headers["topic"] for push in device.subscribed.received} for device in devices}
    assert all(len(topic) == 1 for topic in topics.values()), "the second replaces the first"
    with outgoing.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Push)) == 3


def test_who_is_waited_for_looks_no_longer_than_that_also_where_nothing_is_found(
    scene: Scene, broadcast: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "WINDOW", 1)
    none = Wanted(DEAD, reason="no_such_reason")
    looked = scene.happenings.reading(lambda: [*dead_letters._steps(none, Watch(0.0))])
    assert looked[:1] == [()]
    replayed = scene.happenings.reading(lambda: dead_letters.replay(none, watch=Watch(0.0)))
    assert (replayed.number, replayed.was_cut_short) == (0, True)
