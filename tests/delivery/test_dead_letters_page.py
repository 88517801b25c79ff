"""Sending again from `/admin/pushes`: one, or all of a reason and a push service; by admins alone, with the page's
token."""

import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests.delivery.scene import Scene
from tests.people import Browser, csrf_token
from tests.push.service import GOOGLE, MOZILLA
from webpush_app.accounts import sessions
from webpush_app.accounts.gate import begin_write_as_admin
from webpush_app.accounts.models import User
from webpush_app.database import db
from webpush_app.delivery import admin_routes
from webpush_app.delivery.models import Push, PushAttempt, State
from webpush_app.subscriptions.models import Off

ALL = "/admin/pushes/send-again"
ONE = "/admin/pushes/1/send-again"
OF_MOZILLA = {"host": MOZILLA, "reason": "refused_request"}


@pytest.fixture(autouse=True)
def _three_dead_letters(scene: Scene) -> None:
    """Two at Mozilla's, of the messages 1 and 2; and one at Google's, of the second."""
    scene.happenings.browser(scene.susan)
    scene.message()
    scene.happenings.browser(scene.susan, host=GOOGLE)
    scene.message()
    for push_id in (1, 2, 3):
        scene.happenings.end(push_id, State.FAILED, "refused_request", answer_status=400)


def states(scene: Scene) -> list[str]:
    return scene.happenings.reading(lambda: list(db.session.scalars(select(Push.state).order_by(Push.id))))


def times_sent_again(scene: Scene) -> int | None:
    return scene.happenings.reading(lambda: db.session.scalar(select(func.count()).select_from(PushAttempt)))


def flash(admin: Browser) -> str:
    found = re.search(
        r'<div class="flash flash-\w+"[^>]*>.*?<span>([^<]+)</span>', admin.get("/people").text, re.DOTALL
    )
    assert found
    return unescape(found[1])


def test_one_is_sent_again(scene: Scene, admin: Browser) -> None:
    answer = admin.submit(ONE, form_at="/admin/pushes/1")
    assert (answer.status_code, answer.location) == (302, "/admin/pushes/1")
    assert flash(admin) == "1 push is sent again."
    assert states(scene) == [State.QUEUED, State.FAILED, State.FAILED]


def test_sent_again_twice_it_is_sent_once(scene: Scene, admin: Browser) -> None:
    token = csrf_token(admin.get("/admin/pushes/1"))
    for expected in ("1 push is sent again.", "There was nothing to send again: it has been done already"):
        admin.client.post(ONE, data={"csrf_token": token})
        assert flash(admin).startswith(expected)
    assert times_sent_again(scene) == 1


def test_all_of_a_reason_and_a_service_are_sent_again(scene: Scene, admin: Browser) -> None:
    page = admin.get("/admin/pushes").text
    for number in (2, 1):
        assert f"Send {number} again</button>" in page
    answer = admin.submit(ALL, OF_MOZILLA, form_at="/admin/pushes")
    assert (answer.status_code, answer.location) == (302, "/admin/pushes")
    assert flash(admin) == "2 pushes are sent again."
    assert sorted(states(scene)) == [State.FAILED, State.QUEUED, State.QUEUED]
    assert states(scene)[0] == State.QUEUED


def test_a_browser_that_is_off_is_left_out_and_no_button_is_offered(scene: Scene, admin: Browser) -> None:
    scene.happenings.turn_off(1, Off.SIGNED_OUT)
    page = admin.get("/admin/pushes/1").text
    assert "It cannot be sent again: it was signed out." in page
    assert ONE not in page
    assert ONE not in admin.get("/admin/pushes?state=dead").text
    admin.submit(ALL, OF_MOZILLA, form_at="/admin/pushes")
    assert flash(admin) == "2 are not: it was signed out."
    assert states(scene) == [State.FAILED] * 3


def test_what_takes_too_long_is_left_for_the_next_time(
    scene: Scene, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webpush_app.delivery.admin_routes._REPLAYING_SECONDS", 0)
    admin.submit(ALL, OF_MOZILLA, form_at="/admin/pushes")
    assert flash(admin) == "There are more of them: send again once more."
    assert states(scene) == [State.FAILED] * 3


@pytest.mark.parametrize("fields", [{}, {"host": MOZILLA}, {"reason": "refused_request"}])
def test_what_does_not_say_which_sends_nothing(scene: Scene, admin: Browser, fields: dict[str, str]) -> None:
    assert admin.submit(ALL, fields, form_at="/admin/pushes").status_code == 400
    assert states(scene) == [State.FAILED] * 3


def test_what_is_not_there_is_no_page(admin: Browser) -> None:
    assert admin.submit("/admin/pushes/999/send-again", form_at="/admin/pushes/1").status_code == 404


@pytest.mark.parametrize(("path", "fields"), [(ONE, {}), (ALL, OF_MOZILLA)], ids=["one", "all"])
def test_nobody_but_an_admin_sends_again_and_not_without_the_token(
    scene: Scene, admin: Browser, susan: Browser, path: str, fields: dict[str, str]
) -> None:
    token = csrf_token(susan.get("/edit_profile"))
    assert susan.client.post(path, data={"csrf_token": token, **fields}).status_code == 403
    for forged in ({}, {"csrf_token": "forged"}, {"csrf_token": token}):
        assert admin.client.post(path, data={**fields, **forged}).status_code == 400
    assert admin.get(path).status_code in (404, 405)
    assert states(scene) == [State.FAILED] * 3


@pytest.mark.parametrize(
    "lose",
    [
        lambda user_id: db.session.execute(update(User).where(User.id == user_id).values(is_admin=False)),
        sessions.end_all_sessions,
    ],
    ids=["is no admin any more", "is signed out"],
)
@pytest.mark.parametrize(("path", "fields"), [(ONE, {}), (ALL, OF_MOZILLA)], ids=["one", "all"])
def test_who_is_no_admin_any_more_when_the_writing_begins_sends_nothing(
    scene: Scene,
    admin: Browser,
    monkeypatch: pytest.MonkeyPatch,
    *,
    path: str,
    fields: dict[str, str],
    lose: Any,
) -> None:
    token = csrf_token(admin.get("/admin/pushes/1"))

    def begin() -> User:
        scene.happenings.writing(lambda: lose(admin.user_id))
        return begin_write_as_admin()

    monkeypatch.setattr(admin_routes, "begin_write_as_admin", begin)
    answer = admin.client.post(path, data={"csrf_token": token, **fields})
    assert answer.status_code in (401, 403)
    assert states(scene) == [State.FAILED] * 3
