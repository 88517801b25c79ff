"""News are brought to sockets in turn: each person's are read once however often they were woken for, and nobody who is
woken for one message waits for a crowd."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from flask import Flask
from sqlalchemy import delete

from tests.engine.processes import wait_until
from tests.people import Browser, People
from tests.statements import listening
from webpush_app.accounts.models import LoginSession, User
from webpush_app.database import begin_write, db
from webpush_app.notifications import courier, service
from webpush_app.notifications.courier import Courier
from webpush_app.notifications.inbox import INBOX
from webpush_app.notifications.news import News, list_since
from webpush_app.notifications.sockets import Seat, Sockets


@dataclass
class Ears:
    """What sockets would hear, in order."""

    heard: list[tuple[object, list[object]]] = field(default_factory=list)

    def welcome(self, seat: Seat, news: Sequence[News]) -> None:
        self.heard.append((seat, _beside_the_inbox(news)))

    def tell_all_of(self, user_id: int, news: Sequence[News]) -> None:
        self.heard.append((user_id, _beside_the_inbox(news)))


def _beside_the_inbox(news: Sequence[News]) -> list[object]:
    return [one.data for one in news if one.name != INBOX]


@dataclass
class Office:
    app: Flask
    sockets: Sockets = field(default_factory=Sockets)
    ears: Ears = field(default_factory=Ears)

    def __post_init__(self) -> None:
        self.courier = Courier(self.app, self.sockets, self.ears)

    def seat(self, user_id: int) -> Seat:
        with self.app.app_context():
            session_id = db.session.query(LoginSession.id).filter_by(user_id=user_id).order_by(LoginSession.id).first()
        assert session_id is not None
        return self.sockets.take_seat(user_id, session_id[0])

    def joined(self, user_id: int) -> Seat:
        """One that has had everything there was so far: nothing."""
        seat, person = self.seat(user_id), self.sockets.person(user_id)
        assert person is not None
        person.cursor = 0
        return seat

    def works_until(self, is_so: Callable[[], object]) -> None:
        self.courier.start()
        wait_until(is_so, 10)


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


def test_who_is_woken_often_is_read_for_once_and_who_is_not_here_never(
    app: Flask, office: Office, people: People, susan: Browser, john: Browser
) -> None:
    people.write(susan.user_id, john.user_id, "hello")
    people.write(john.user_id, susan.user_id, "hello")
    office.joined(susan.user_id)
    for _ in range(5):
        office.courier.wake([john.user_id, susan.user_id])
    with app.app_context():
        engine = db.engine
    with listening(engine) as statements:
        office.works_until(lambda: office.ears.heard)
        assert office.ears.heard == [(susan.user_id, [1])]
        assert len(statements) == 1, statements


def test_one_message_does_not_wait_for_news_for_everybody(office: Office, people: People) -> None:
    author = people("author")
    crowd = [people.browser(f"person{number}").user_id for number in range(10)]
    for user_id in crowd:
        people.write(author, user_id, "hello")
        office.joined(user_id)
    office.courier.wake_everybody()
    office.courier.wake([crowd[-1]])
    office.works_until(lambda: len(office.ears.heard) == len(crowd))
    assert office.ears.heard[0] == (crowd[-1], [1])


def test_who_joins_brings_the_others_up_to_date_and_each_hears_everything_once(
    office: Office, people: People, susan: Browser
) -> None:
    author = people("author")
    office.joined(susan.user_id)
    people.write(author, susan.user_id, "not told yet")
    late = office.seat(susan.user_id)
    office.courier.join(late, 0)
    office.works_until(lambda: len(office.ears.heard) == 2)
    assert office.ears.heard == [(susan.user_id, [1]), (late, [1])]
    office.courier.wake([susan.user_id])
    people.write(author, susan.user_id, "and another")
    office.courier.wake([susan.user_id])
    wait_until(lambda: len(office.ears.heard) == 3, 10)
    assert office.ears.heard[2] == (susan.user_id, [2])


def test_who_joins_knowing_some_of_it_takes_nothing_from_the_others(app: Flask, office: Office, susan: Browser) -> None:
    office.joined(susan.user_id)
    with app.app_context():
        begin_write()
        person = db.session.get_one(User, susan.user_id)
        known = service.add_notification(person, "first", "first").timestamp
        service.add_notification(person, "second", "second")
        db.session.commit()
    late = office.seat(susan.user_id)
    office.courier.join(late, known)
    office.works_until(lambda: len(office.ears.heard) == 2)
    assert office.ears.heard == [(susan.user_id, ["first", "second"]), (late, ["second"])]


def test_a_session_that_ended_between_the_gate_and_the_namespace_joins_nothing(
    app: Flask, office: Office, people: People, susan: Browser, john: Browser
) -> None:
    late, johns = office.seat(susan.user_id), office.seat(john.user_id)
    with app.app_context():
        begin_write()
        db.session.execute(delete(LoginSession).where(LoginSession.user_id == susan.user_id))
        db.session.commit()
    office.courier.join(late, 0)
    office.courier.join(johns, 0)
    office.works_until(lambda: office.ears.heard)
    assert office.ears.heard == [(johns, [])]


def test_what_is_written_while_somebody_joins_is_brought_after_it(
    office: Office, people: People, susan: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wake-up comes when the news were read already and nobody follows them yet."""
    author, late = people("author"), office.seat(susan.user_id)

    def read_and_be_overtaken(user_id: int, since: int) -> list[News]:
        monkeypatch.setattr(courier, "list_since", list_since)
        news = list_since(user_id, since)
        db.session.rollback()
        people.write(author, user_id, "meanwhile")
        office.courier.wake([user_id])
        return news

    monkeypatch.setattr(courier, "list_since", read_and_be_overtaken)
    office.courier.join(late, 0)
    office.works_until(lambda: len(office.ears.heard) == 2)
    assert office.ears.heard == [(late, []), (susan.user_id, [1])]


def test_who_left_meanwhile_hears_nothing_and_leaves_nothing(office: Office, susan: Browser, john: Browser) -> None:
    gone, johns = office.seat(susan.user_id), office.seat(john.user_id)
    office.courier.join(gone, 0)
    office.courier.join(johns, 0)
    office.sockets.leave(gone)
    office.works_until(lambda: office.ears.heard)
    assert office.ears.heard == [(johns, [])]
    assert office.sockets.people() == [john.user_id]
    office.sockets.leave(johns)
    assert (office.sockets.people(), office.sockets.sessions(), len(office.sockets)) == ([], [], 0)
