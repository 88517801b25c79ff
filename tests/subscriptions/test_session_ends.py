"""Whoever signs out gets nothing more at that browser: not the next message, and not what the next person is not meant
to see. A session that merely lapses is no signing out."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.accounts.conftest import Hands
from tests.accounts.steps import COOKIE, NEW_PASSWORD, is_signed_in, sessions_of
from tests.people import PASSWORD, Browser, People, csrf_token
from tests.subscriptions.devices import OWN, Device, change, everything, rows, stored, subscribe
from webpush_app.broadcasts.service import fan_out_step
from webpush_app.database import db
from webpush_app.delivery.models import Push
from webpush_app.protocol.subscription import read_subscription
from webpush_app.subscriptions import service
from webpush_app.subscriptions.models import Off
from webpush_app.subscriptions.routes import begin_write_as


class Scene:
    """Susan sits at two browsers, John at one and nobody at another; all of them are subscribed."""

    def __init__(self, app: Flask, people: People) -> None:
        self.app = app
        self.here, self.there, self.john = people.browser("susan"), people.browser("susan"), people.browser("john")
        self.clients = {
            "here": self.here.client,
            "there": self.there.client,
            "john": self.john.client,
            "stranger": app.test_client(),
        }
        self.devices = {name: Device() for name in self.clients}
        self.numbers = {name: subscribe(client, self.devices[name]) for name, client in self.clients.items()}

    def off(self) -> set[str]:
        """Who was turned off, because somebody signed out."""
        names = {number: name for name, number in self.numbers.items()}
        found = [row for row in rows(self.app) if row.off_at is not None]
        assert {row.off_because for row in found} <= {Off.SIGNED_OUT}
        return {names[row.id] for row in found}

    def end_session(self, of: Browser) -> None:
        number = stored(self.app, self.numbers["here" if of is self.here else "there"]).login_session_id
        self.here.submit(f"/sessions/{number}/end", form_at="/user/susan")


@pytest.fixture
def scene(app: Flask, people: People) -> Scene:
    return Scene(app, people)


def _sign_in_anew(scene: Scene, path: str, username: str) -> None:
    """By a form that another tab has still open."""
    token = csrf_token(scene.here.get("/people"))
    fields = {"username": username, "password": PASSWORD, "password2": PASSWORD, "csrf_token": token}
    assert scene.here.client.post(path, data=fields).status_code == 302


def _change_password(scene: Scene) -> None:
    fields = {"old_password": PASSWORD, "password": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert scene.here.submit("/change_password", fields).status_code == 302


ENDS: dict[str, tuple[Callable[[Scene], object], set[str]]] = {
    "signing out": (lambda scene: scene.here.submit("/logout", form_at="/people"), {"here"}),
    "ending another one": (lambda scene: scene.end_session(scene.there), {"there"}),
    "ending this one": (lambda scene: scene.end_session(scene.here), {"here"}),
    "ending all others": (lambda scene: scene.here.submit("/sessions/end-others", form_at="/user/susan"), {"there"}),
    "ending all": (lambda scene: scene.here.submit("/sessions/end-all", form_at="/user/susan"), {"here", "there"}),
    "a new password": (_change_password, {"here", "there"}),
    "signing in anew": (lambda scene: _sign_in_anew(scene, "/login", "susan"), {"here"}),
    "signing in as another": (lambda scene: _sign_in_anew(scene, "/login", "john"), {"here"}),
    "registering anew": (lambda scene: _sign_in_anew(scene, "/register", "mary"), {"here"}),
}


@pytest.mark.parametrize("name", ENDS)
def test_exactly_the_browsers_of_the_sessions_that_end_are_turned_off(scene: Scene, name: str) -> None:
    finish, off = ENDS[name]
    assert scene.off() == set()
    finish(scene)
    assert scene.off() == off


def test_every_browser_of_a_session_is_turned_off(app: Flask, susan: Browser) -> None:
    for _number in range(3):
        subscribe(susan.client)
    susan.submit("/logout", form_at="/people")
    assert [row.off_because for row in rows(app)] == [Off.SIGNED_OUT] * 3


def test_a_refused_form_ends_nothing(scene: Scene) -> None:
    before = everything(scene.app)
    wrong = {"old_password": "not it", "password": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert scene.here.submit("/change_password", wrong).status_code == 422
    assert scene.john.client.post("/logout").status_code == 400
    own = stored(scene.app, scene.numbers["there"]).login_session_id
    assert scene.john.submit(f"/sessions/{own}/end", form_at="/people").status_code == 404
    assert everything(scene.app) == before


def test_the_next_person_at_the_browser_turns_it_on_as_theirs(scene: Scene) -> None:
    _sign_in_anew(scene, "/login", "john")
    assert subscribe(scene.here.client, scene.devices["here"]) == scene.numbers["here"]
    row = stored(scene.app, scene.numbers["here"])
    assert (row.user_id, row.off_at, row.off_because) == (scene.john.user_id, None, None)
    assert row.login_session_id == sessions_of(scene.app, "john")[-1].id


def test_a_browser_posted_again_in_a_later_session_goes_with_that_one(
    app: Flask, people: People, susan: Browser
) -> None:
    device, later = Device(), people.browser("susan")
    number = subscribe(susan.client, device)
    subscribe(later.client, device)
    susan.submit("/logout", form_at="/people")
    assert stored(app, number).off_at is None
    later.submit("/logout", form_at="/people")
    assert stored(app, number).off_because == Off.SIGNED_OUT


def test_a_browser_that_is_off_already_keeps_its_reason(app: Flask, susan: Browser, hands: Hands) -> None:
    number = subscribe(susan.client)
    gone_at = hands.now()
    change(app, number, off_at=gone_at, off_because=Off.GONE)
    hands.move(hours=1)
    susan.submit("/logout", form_at="/people")
    assert (stored(app, number).off_at, stored(app, number).off_because) == (gone_at, Off.GONE)


def test_a_session_that_lapses_leaves_its_browsers_on(app: Flask, people: People, susan: Browser, hands: Hands) -> None:
    subscribe(susan.client)
    hands.move(days=2)
    assert not is_signed_in(susan.client)
    people.browser("john")
    assert sessions_of(app, "susan") == [], "it was tidied away as John signed in"
    assert [row.off_at for row in rows(app)] == [None]


def test_signing_in_where_a_session_had_lapsed_ends_it(
    app: Flask, people: People, susan: Browser, hands: Hands
) -> None:
    subscribe(susan.client)
    hands.move(days=2)
    people("john")
    token = csrf_token(susan.get("/login"))
    susan.client.post("/login", data={"username": "john", "password": PASSWORD, "csrf_token": token})
    assert [row.off_because for row in rows(app)] == [Off.SIGNED_OUT]


@pytest.mark.parametrize("path", ["/sessions/end-all", "/sessions/end-others"])
def test_signing_out_everywhere_reaches_browsers_whose_session_had_lapsed(
    app: Flask, people: People, susan: Browser, hands: Hands, path: str
) -> None:
    """Such a browser is on no list of sessions any more, and still shows her messages to whoever sits there."""
    number = subscribe(susan.client)
    hands.move(days=2)
    people.browser("susan").submit(path, form_at="/user/susan")
    assert stored(app, number).off_because == Off.SIGNED_OUT


def _queued(app: Flask) -> list[int]:
    with app.app_context():
        while fan_out_step():
            pass
        return sorted(db.session.scalars(select(Push.subscription_id)))


def test_nothing_is_queued_to_a_browser_that_is_off(scene: Scene) -> None:
    scene.here.submit("/logout", form_at="/people")
    scene.john.send("susan", "for the browser that is still hers")
    assert _queued(scene.app) == [scene.numbers["there"]]
    scene.there.submit("/logout", form_at="/people")
    scene.john.send("susan", "for none")
    assert _queued(scene.app) == [scene.numbers["there"]]


def test_nor_is_a_broadcast(scene: Scene, people: People) -> None:
    people("boss", is_admin=True)
    boss = people.browser("boss")
    scene.here.submit("/sessions/end-all", form_at="/user/susan")
    answer = boss.client.post("/admin-api/trigger-push-notifications", json={"title": "x", "body": "y"}, headers=OWN)
    assert answer.status_code == 201
    assert _queued(scene.app) == sorted([scene.numbers["john"], scene.numbers["stranger"]])


def test_a_message_reaches_the_outbox_for_the_browsers_that_are_on(
    app: Flask, john: Browser, stranger: FlaskClient, susan: Browser
) -> None:
    numbers = [subscribe(susan.client), subscribe(susan.client)]
    subscribe(john.client)
    subscribe(stranger)
    john.send("susan", "for both")
    assert _queued(app) == numbers


def test_who_signs_out_while_the_browser_subscribes_turns_it_off(app: Flask, susan: Browser) -> None:
    """The session cannot end before what is written in it is there to be let go with it."""
    signing_out = threading.Thread(target=susan.client.post, args=("/logout",), kwargs={"data": _token(susan)})
    device = Device()
    with app.test_request_context(headers={"Cookie": _cookie(susan)}):
        viewer = begin_write_as()
        assert viewer.user_id == susan.user_id
        signing_out.start()
        signing_out.join(timeout=0.5)
        assert signing_out.is_alive()
        row, _is_new = service.subscribe(
            read_subscription(device.to_json()), viewer, vapid_public_key="", browser="", locale="en"
        )
        db.session.commit()
    signing_out.join(timeout=10)
    assert not is_signed_in(susan.client)
    assert stored(app, row.id).off_because == Off.SIGNED_OUT


def _token(browser: Browser) -> dict[str, str]:
    return {"csrf_token": csrf_token(browser.get("/people"))}


def _cookie(browser: Browser) -> str:
    found = browser.client.get_cookie(COOKIE)
    assert found is not None
    return f"{COOKIE}={found.value}"
