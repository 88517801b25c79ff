"""What somebody may type to find a trail, and what of a person and of a broadcast is shown."""

import pytest
from sqlalchemy import func, select

from tests.delivery.happenings import ENDPOINT_TOKEN, PRIVATE_TEXT
from tests.delivery.scene import Scene
from tests.people import People
from tests.statements import listening
from webpush_app.database import db
from webpush_app.delivery import trail
from webpush_app.delivery.models import Push, State
from webpush_app.delivery.trail import PersonsTrail
from webpush_app.errors import NotFound

UNKNOWN = ["", "nobody", "two words", "user:", "%", "\u202e", "-1", "1.5", "letter:1"]
UNKNOWN += ["99", "message:99", "broadcast:99", "push:99", "test:99", "9" * 18, "9" * 40]
UNKNOWN += ["message:999999999999", "broadcast:999999999999", "push:999999999999999999"]


def titles(scene: Scene, typed: str, **options: int) -> list[str]:
    return [one.subject.title for one in persons(scene, typed, **options).trails]


def persons(scene: Scene, typed: str, **options: int) -> PersonsTrail:
    found = scene.search(typed, **options)
    assert isinstance(found, PersonsTrail)
    return found


@pytest.mark.parametrize("typed", ["1", " 1 ", "#1", "message:1", "message 1", "Message: 1", "MESSAGE#1"])
def test_a_message_is_found_by_its_number(scene: Scene, typed: str) -> None:
    scene.message()
    assert scene.trail(typed).subject.name == "message:1"


def test_a_broadcast_a_push_and_a_test_are_found_by_kind_and_number(scene: Scene) -> None:
    browser = scene.happenings.browser(scene.susan)
    scene.happenings.broadcast(scene.john)
    push = scene.happenings.push(scene.happenings.test(browser))
    test = f"test:{push.subject_id}"
    for typed, name in (("broadcast:1", "broadcast:1"), (f"push:{push.id}", test), (test, test)):
        found = scene.trail(typed)
        assert (found.subject.name, len(found.lines)) == (name, 1)


@pytest.mark.parametrize("typed", ["susan", " Susan ", "SUSAN", "user:susan"])
def test_a_person_is_found_by_name(scene: Scene, typed: str) -> None:
    assert persons(scene, typed).person.id == scene.susan


def test_a_name_of_digits_is_a_name_where_there_is_no_such_message(scene: Scene, people: People) -> None:
    people("123")
    for typed in ("123", "user:123"):
        assert persons(scene, typed).person.username == "123"


@pytest.mark.parametrize("typed", UNKNOWN)
def test_what_is_not_known_says_what_can_be_given(scene: Scene, typed: str) -> None:
    with pytest.raises(NotFound) as unknown:
        scene.search(typed)
    for way in ("message:12", "broadcast:3", "push:41", "the name of a person"):
        assert way in unknown.value.message


def test_of_a_person_all_that_was_for_them_lately_is_shown_newest_first(scene: Scene) -> None:
    happenings, john, susan = scene.happenings, scene.john, scene.susan
    own, others = happenings.browser(susan), happenings.browser(john)
    for happens in (
        scene.message,
        lambda: happenings.test(own),
        lambda: happenings.test(others),
        lambda: happenings.message(susan, john),
        lambda: happenings.broadcast(john, "Sunday"),
    ):
        scene.clock.advance(5)
        happens()
    shown = ["Broadcast 1, “Sunday”", "Test to one's own browser", "Message 1 from john to susan"]
    assert titles(scene, "susan") == shown
    assert titles(scene, "susan", most=2) == shown[:2]
    found = persons(scene, "susan")
    assert [browser.id for browser in found.browsers] == [own]
    for one in found.trails:
        assert [line.browser and line.browser.id for line in one.lines] == [own], one.subject.title


def test_a_broadcast_before_their_time_is_none_of_theirs(scene: Scene, people: People) -> None:
    scene.happenings.broadcast(scene.john)
    scene.clock.advance(1)
    scene.happenings.came(people("maria"))
    assert titles(scene, "maria") == []
    assert titles(scene, "susan") == ["Broadcast 1, “News”"]


def test_of_a_broadcast_that_went_to_others_alone_a_person_is_told_so(scene: Scene) -> None:
    scene.happenings.browser(scene.john)
    scene.happenings.broadcast(scene.john)
    scene.clock.advance(1)
    scene.happenings.browser(scene.susan)
    [found] = persons(scene, "susan").trails
    assert found.lines == []
    assert found.notes[-1] == "No push about it went to a browser of theirs."


def test_of_a_broadcast_one_page_is_shown_and_what_became_of_all(scene: Scene) -> None:
    browsers = [scene.happenings.browser() for _number in range(5)]
    scene.happenings.broadcast(scene.john)
    first, *_others = scene.happenings.pushes("broadcast", 1)
    scene.happenings.end(first.id, State.FAILED, "refused_request", answer_status=400)
    subject = scene.trail("broadcast:1").subject
    with scene.happenings.app.test_request_context():
        page = trail.of_subject(subject, 3)
        rest = trail.of_subject(subject, 3, below=page.next_below)
    assert {state: number for state, number in page.tally.items() if number} == {State.QUEUED: 5, State.FAILED: 1}
    assert [line.browser and line.browser.id for line in (*page.lines, *rest.lines)] == browsers[::-1]
    assert (page.next_below, rest.next_below) == (browsers[2], None)


def test_whoever_looks_is_given_neither_endpoints_nor_texts(scene: Scene) -> None:
    scene.push()
    for typed in ("1", "susan", "push:1"):
        shown = repr(scene.search(typed))
        assert ENDPOINT_TOKEN not in shown
        assert PRIVATE_TEXT not in shown
    browser = scene.line().browser
    assert browser is not None
    for secret in ("endpoint", "p256dh", "auth"):
        assert secret not in vars(browser), "it is not even read"


def test_a_trail_costs_the_same_for_few_browsers_and_for_many(scene: Scene) -> None:
    costs = []
    engine = scene.happenings.reading(lambda: db.engine)
    for _more in range(2):
        for _browser in range(3):
            scene.happenings.browser(scene.susan)
        number = scene.message()
        for push in scene.happenings.pushes("message", number):
            scene.happenings.attempt(push.id, "unknown", next_at=push.created_at)
        with listening(engine) as statements:
            scene.trail(f"message:{number}")
        costs.append(len(statements))
    assert costs[0] == costs[1]
    assert scene.happenings.reading(lambda: db.session.scalar(select(func.count()).select_from(Push))) == 9
