"""What a push to a person's browser says beside its text: which item of the inbox it is about, and how the inbox
stands. A browser that slept learns by it what was read elsewhere."""

import json
from collections.abc import Callable, Sequence
from typing import NoReturn

import pytest
from flask import Flask
from sqlalchemy import update

from tests.delivery.conftest import StandingClock
from tests.delivery.inboxes import browser, items, pushes
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db
from webpush_app.delivery import composing, trial
from webpush_app.delivery.composing import Job
from webpush_app.messaging import service as messaging
from webpush_app.notifications import inbox, pushed
from webpush_app.notifications.models import InboxItem


@pytest.fixture
def susan(people: People) -> int:
    return people("susan")


@pytest.fixture
def john(people: People) -> int:
    return people("john", is_admin=True)


def beside(device: Device) -> list[tuple[object, object]]:
    return [(push.get("item"), push.get("inbox")) for push in pushes(device)]


def acting(outgoing: Outgoing, act: Callable[[User], object], user_id: int) -> None:
    with outgoing.app.app_context():
        begin_write()
        act(db.session.get_one(User, user_id))
        db.session.commit()


def read(outgoing: Outgoing, user_id: int, item_id: int) -> None:
    acting(outgoing, lambda user: inbox.read_item(user, item_id), user_id)


def test_a_message_names_its_item_and_how_the_inbox_stands(
    people: People, outgoing: Outgoing, susan: int, john: int
) -> None:
    device = browser(outgoing, susan)
    people.write(john, susan, "Hello")
    outgoing.deliver()
    [item] = items(outgoing)
    assert beside(device) == [(item, {"count": 1, "newest": item, "unread": [item]})]
    assert pushes(device)[0]["body"] == "Hello"


def test_every_browser_of_a_person_is_told_the_same(people: People, outgoing: Outgoing, susan: int, john: int) -> None:
    devices = [browser(outgoing, susan) for _ in range(3)]
    people.write(john, susan, "Hello")
    outgoing.deliver()
    [item] = items(outgoing)
    assert [beside(device) for device in devices] == [[(item, {"count": 1, "newest": item, "unread": [item]})]] * 3


def test_what_was_read_meanwhile_is_not_among_the_unread(
    people: People, outgoing: Outgoing, susan: int, john: int
) -> None:
    device = browser(outgoing, susan)
    people.write(john, susan, "one", "two")
    outgoing.deliver()
    first, second = items(outgoing)
    acting(outgoing, messaging.read_all, susan)
    people.write(john, susan, "three")
    outgoing.deliver()
    third = items(outgoing)[-1]
    assert beside(device)[-1] == (third, {"count": 1, "newest": third, "unread": [third]})
    assert {first, second}.isdisjoint(beside(device)[-1][1]["unread"])  # type: ignore[index]


def test_a_broadcast_names_its_item_to_people_and_nothing_to_strangers(
    outgoing: Outgoing, people: People, susan: int, john: int
) -> None:
    mine, another, strange = browser(outgoing, susan), browser(outgoing, people("mary")), browser(outgoing, None)
    outgoing.broadcast(john)
    outgoing.deliver()
    [item] = items(outgoing)
    for device in (mine, another):
        assert beside(device) == [(item, {"count": 1, "newest": item, "unread": [item]})]
    [said] = pushes(strange)
    assert set(said) == {"title", "body", "url", "tag", "timestamp"}
    assert said == {name: value for name, value in pushes(mine)[0].items() if name not in {"item", "inbox"}}


def test_each_person_is_told_of_their_own_inbox(people: People, outgoing: Outgoing, susan: int, john: int) -> None:
    mary = people("mary")
    people.write(john, susan, "one", "two")
    people.write(john, mary, "three")
    devices = {susan: browser(outgoing, susan), mary: browser(outgoing, mary)}
    outgoing.broadcast(john)
    outgoing.deliver()
    one, two, three, news = items(outgoing)
    assert beside(devices[susan]) == [(news, {"count": 3, "newest": news, "unread": [news, two, one]})]
    assert beside(devices[mary]) == [(news, {"count": 2, "newest": news, "unread": [news, three]})]


def test_who_registered_after_a_broadcast_is_told_no_item_of_it(
    outgoing: Outgoing, people: People, clock: StandingClock, john: int
) -> None:
    """It is not in their inbox: a browser would take its number for one that was read."""
    device = browser(outgoing, None)
    outgoing.broadcast(john)
    clock.advance(1)
    outgoing.change_device(device, user_id=people("mary"))
    outgoing.deliver()
    [item] = items(outgoing)
    assert beside(device) == [(None, {"count": 0, "newest": item, "unread": []})]


@pytest.mark.parametrize(("language", "is_theirs"), [("en", True), ("ko", False)])
def test_who_reads_another_language_is_told_no_item(
    outgoing: Outgoing, susan: int, john: int, language: str, is_theirs: bool
) -> None:
    device = browser(outgoing, susan)
    outgoing.broadcast(john)
    outgoing.execute(update(InboxItem).values(language=language))
    outgoing.deliver()
    [item] = items(outgoing)
    assert beside(device)[0][0] == (item if is_theirs else None)


def test_a_test_push_is_about_no_item_and_tells_what_was_read(
    people: People, outgoing: Outgoing, susan: int, john: int
) -> None:
    people.write(john, susan, "one", "two")
    one, two = items(outgoing)
    read(outgoing, susan, one)
    device = browser(outgoing, susan)
    acting(outgoing, lambda _user: trial.send_test(device.id), susan)
    outgoing.deliver()
    assert beside(device) == [(None, {"count": 1, "newest": two, "unread": [two]})]
    assert pushes(device)[0]["tag"] == "test"


def test_a_test_push_of_a_stranger_says_nothing_more(outgoing: Outgoing, susan: int) -> None:
    device = browser(outgoing, None)
    acting(outgoing, lambda _user: trial.send_test(device.id), susan)
    outgoing.deliver()
    assert beside(device) == [(None, None)]


def test_personal_items_and_those_for_many_do_not_mix(
    people: People, outgoing: Outgoing, susan: int, john: int
) -> None:
    """Messages and broadcasts are numbered from 1 each."""
    device = browser(outgoing, susan)
    outgoing.broadcast(john)
    people.write(john, susan, "Hello")
    outgoing.deliver()
    news, message = items(outgoing)
    assert {push["tag"]: push["item"] for push in pushes(device)} == {"broadcast-1": news, "message-1": message}


def test_a_message_is_sent_also_where_nothing_can_be_said_beside_it(
    people: People, outgoing: Outgoing, susan: int, john: int, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(jobs: Sequence[Job]) -> NoReturn:
        raise RuntimeError("no inbox today")

    composing.register(outgoing.app, outgoing.app.extensions["push_composers"], fail)
    device = browser(outgoing, susan)
    people.write(john, susan, "Hello")
    outgoing.deliver()
    assert [(push["body"], "inbox" in push) for push in pushes(device)] == [("Hello", False)]
    assert "companions_not_made" in caplog.text


def test_what_is_not_sent_is_asked_nothing_about(people: People, outgoing: Outgoing, susan: int, john: int) -> None:
    asked: list[int] = []

    def note(jobs: Sequence[Job]) -> dict[int, dict[str, object]]:
        asked.extend(job.subject_id for job in jobs)
        return {}

    composing.register(outgoing.app, outgoing.app.extensions["push_composers"], note)
    browser(outgoing, susan)
    people.write(john, susan, "one", "two")
    read(outgoing, susan, items(outgoing)[0])
    outgoing.deliver()
    assert asked == [2]


def test_somebody_without_anything_in_the_inbox_is_told_that_it_is_empty(app: Flask, susan: int) -> None:
    with app.app_context():
        said = pushed.companion([Job(1, trial.KIND, 5, susan, "en", susan), Job(2, "message", 9, susan, "en", susan)])
    assert said == {number: {"inbox": {"count": 0, "newest": 0, "unread": []}} for number in (1, 2)}
    assert json.loads(json.dumps(said[1])) == said[1]
