"""`Idempotency-Key`: a program that got no answer asks again, and gets the answer of the first time."""

from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.broadcasts.site import Site
from tests.conftest import AppMaker
from tests.people import Browser, People, csrf_token
from tests.server.crowd import at_once
from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import db

PATH = "/admin-api/trigger-push-notifications"
OWN = {"Origin": "http://localhost"}
NEWS = {"title": "News", "body": "Soup at noon.", "link": "/messages", "audience": "everyone"}
KEY = "3f1c-9a"


def _post(admin: Browser, key: str | None = KEY, body: Any = None) -> TestResponse:
    headers = OWN if key is None else {**OWN, "Idempotency-Key": key}
    return admin.client.post(PATH, json=NEWS if body is None else body, headers=headers)


def _count(site: Site) -> int:
    return site.reading(lambda: db.session.scalar(select(func.count()).select_from(Broadcast)) or 0)


def test_asked_again_it_starts_nothing_and_gives_the_same_answer(site: Site, admin: Browser) -> None:
    site.browsers(2)
    first = _post(admin)
    site.browsers(1)
    again = [_post(admin) for _time in range(2)]
    assert (first.json or {})["result"] == {"id": 1, "audience_size": 2, "url": "/admin-api/broadcasts/1"}
    assert [(one.status_code, one.json) for one in again] == [(201, first.json)] * 2
    assert _count(site) == 1


def test_without_a_key_or_with_another_each_request_is_a_broadcast(site: Site, admin: Browser) -> None:
    for key in (None, None, "a", "b", "A", "a ", "a"):
        assert _post(admin, key).status_code == 201
    assert _count(site) == 5


@pytest.mark.parametrize(
    "changed",
    [{"title": "Other"}, {"body": "Other"}, {"link": "/"}, {"audience": "anonymous"}],
    ids=lambda one: next(iter(one)),
)
def test_the_same_key_with_another_body_is_a_conflict(site: Site, admin: Browser, changed: dict[str, str]) -> None:
    assert _post(admin).status_code == 201
    answer = _post(admin, body=NEWS | changed)
    said = answer.json or {}
    assert (answer.status_code, said["status"], said["code"]) == (409, "error", "idempotency_key_used")
    assert said["message"] == "This key was used for another broadcast. Send this one with a key of its own."
    assert _count(site) == 1
    assert _post(admin).status_code == 201


def test_a_body_that_means_the_same_is_the_same(site: Site, admin: Browser) -> None:
    assert _post(admin, body={"title": "News"}).status_code == 201
    spelled_out = {"audience": "everyone", "link": "", "body": "", "title": " News ", "colour": "red"}
    assert _post(admin, body=spelled_out).status_code == 201
    assert _count(site) == 1


def test_what_was_refused_leaves_the_key_unused(site: Site, admin: Browser) -> None:
    assert _post(admin, body={**NEWS, "link": "evil"}).status_code == 400
    assert _post(admin).status_code == 201
    assert _count(site) == 1


@pytest.mark.parametrize("key", ["x", "x" * 64, '"8e03978e-40d5"', "~!@#$%^&*(){}|\\ `'<>?;:,./"])
def test_every_printable_key_is_taken(site: Site, admin: Browser, key: str) -> None:
    assert [_post(admin, key).status_code for _time in range(2)] == [201, 201]
    assert _count(site) == 1


@pytest.mark.parametrize("key", ["", "x" * 65, "schl\xfcssel", "a\tb", "a\x7f", "\x80"])
def test_any_other_key_is_refused_with_words(site: Site, admin: Browser, key: str) -> None:
    answer = _post(admin, key)
    said = answer.json or {}
    assert (answer.status_code, said["code"], said["field"]) == (400, "invalid_input", "Idempotency-Key")
    assert said["message"] == "The header Idempotency-Key holds 1 to 64 printable ASCII characters."
    assert _count(site) == 0


def test_the_key_of_another_admin_is_another_key(site: Site, admin: Browser, people: People) -> None:
    people("boss", is_admin=True)
    assert [_post(one).status_code for one in (admin, people.browser("boss"))] == [201, 201]
    assert _count(site) == 2


def test_a_key_of_the_header_is_none_of_a_form(site: Site, admin: Browser) -> None:
    assert _post(admin).status_code == 201
    fields = {"csrf_token": csrf_token(admin.get("/admin")), "sending_key": KEY, **NEWS}
    assert admin.client.post("/admin", data=fields).status_code == 302
    assert _count(site) == 2


def test_it_is_known_after_a_restart(site: Site, admin: Browser, make_app: AppMaker) -> None:
    first = _post(admin)
    restarted = make_app().test_client()
    cookie = admin.client.get_cookie("webpush_session")
    assert cookie is not None
    restarted.set_cookie("webpush_session", cookie.value)
    again = restarted.post(PATH, json=NEWS, headers={**OWN, "Idempotency-Key": KEY})
    assert (again.status_code, again.json) == (201, first.json)
    assert _count(site) == 1


def test_asked_five_times_in_the_same_instant_it_is_started_once(site: Site, admin: Browser) -> None:
    cookie = admin.client.get_cookie("webpush_session")
    assert cookie is not None
    clients = [site.app.test_client() for _number in range(5)]
    for client in clients:
        client.set_cookie("webpush_session", cookie.value)
    headers = {**OWN, "Idempotency-Key": KEY}
    answers = at_once(lambda client: client.post(PATH, json=NEWS, headers=headers), clients)
    assert [(answer.json or {})["result"]["id"] for answer in answers] == [1] * 5
    assert _count(site) == 1
