"""`/admin-api/`: what the form does, for programs; every error says which field it means."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.broadcasts.site import Site
from tests.people import Browser, People
from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import db

PATH = "/admin-api/trigger-push-notifications"
OWN = {"Origin": "http://localhost"}
NEWS = {"title": "News", "body": "Soup at noon."}


def _post(client: FlaskClient, body: Any, headers: dict[str, str] | None = None) -> TestResponse:
    return client.post(PATH, json=body, headers=OWN if headers is None else headers)


def _count(site: Site) -> int:
    return site.reading(lambda: db.session.scalar(select(func.count()).select_from(Broadcast)) or 0)


def test_it_goes_to_everyone_unless_it_says_otherwise(site: Site, people: People, admin: Browser) -> None:
    browsers = [site.browser(people("susan")), site.browser()]
    answer = _post(admin.client, NEWS)
    assert answer.status_code == 201
    url = "/admin-api/broadcasts/1"
    assert answer.json == {"status": "success", "result": {"id": 1, "audience_size": 2, "url": url}}
    row = site.row(1)
    assert (row.title, row.body, row.link, row.audience) == ("News", "Soup at noon.", "", "everyone")
    assert row.author_id == admin.user_id
    site.fan_out()
    assert site.reached(1) == browsers


def test_it_goes_to_the_audience_that_it_names(site: Site, people: People, admin: Browser) -> None:
    site.browser(people("susan"))
    stranger = site.browser(locale="ko")
    given = {**NEWS, "link": "/messages?page=2", "audience": "language:ko"}
    assert (_post(admin.client, given).json or {})["result"]["audience_size"] == 1
    site.fan_out()
    assert site.reached(1) == [stranger]
    assert site.row(1).link == "/messages?page=2"


def test_a_title_is_enough_and_what_is_unknown_is_let_be(site: Site, admin: Browser) -> None:
    assert _post(admin.client, {"title": " N\u0303ews ", "colour": "red", "csrf_token": 1}).status_code == 201
    assert (site.row(1).title, site.row(1).body) == ("\u00d1ews", "")


REFUSED: list[tuple[str, Any]] = [
    ("title", ""),
    ("title", " "),
    ("title", "x" * 81),
    ("title", "a\x00b"),
    ("title", "a\x1bb"),
    ("title", "\ud800"),
    ("title", None),
    ("title", 5),
    ("title", ["News"]),
    ("title", {"text": "News"}),
    ("body", "x" * 501),
    ("body", "a\x00b"),
    ("body", None),
    ("body", 1.5),
    ("link", "https://evil.example/"),
    ("link", "//evil"),
    ("link", "/\\evil"),
    ("link", "javascript:alert(1)"),
    ("link", "/a\x00b"),
    ("link", "/\ud800"),
    ("link", "/" + "x" * 500),
    ("link", True),
    ("audience", "nobody"),
    ("audience", ""),
    ("audience", None),
    ("audience", ["everyone"]),
    ("audience", 0),
]


def test_an_error_names_its_field_and_says_what_would_be_right(site: Site, admin: Browser) -> None:
    for field, given in REFUSED:
        answer = _post(admin.client, {**NEWS, field: given})
        said = answer.json or {}
        assert (answer.status_code, said["status"], said["code"]) == (400, "error", "invalid_input"), (field, given)
        assert said["field"] == field, (field, given)
        assert len(said["message"]) > 10
    missing = _post(admin.client, {"body": "x"}).json or {}
    assert (missing["field"], missing["message"]) == ("title", "Please fill this in.")
    assert _count(site) == 0


def test_only_admins_may(site: Site, susan: Browser, stranger: FlaskClient) -> None:
    site.start()
    for client, status, code in ((susan.client, 403, "not_allowed"), (stranger, 401, "not_signed_in")):
        for answer in (_post(client, NEWS), client.get("/admin-api/broadcasts/1")):
            assert (answer.status_code, (answer.json or {})["code"]) == (status, code)
            assert answer.is_json
    assert _count(site) == 1


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_another_sites_page_may_not(site: Site, admin: Browser, headers: dict[str, str]) -> None:
    answer = _post(admin.client, NEWS, headers)
    assert (answer.status_code, (answer.json or {})["code"]) == (403, "not_allowed")
    assert "Origin" in (answer.json or {})["message"]
    assert _count(site) == 0


def test_what_is_not_json_is_refused(site: Site, admin: Browser) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", None):
        answer = admin.client.post(PATH, data='{"title": "News"}', content_type=kind, headers=OWN)
        assert (answer.status_code, answer.is_json) == (400, True)
    assert _count(site) == 0


def test_how_far_it_is_can_be_asked(site: Site, admin: Browser) -> None:
    site.browsers(3)
    url = (_post(admin.client, NEWS).json or {})["result"]["url"]
    answer = admin.get(url)
    numbers = {"total": 3, "waiting": 3, "accepted": 0, "failed": 0, "is_done": False}
    assert answer.json == {"status": "success", "result": {"id": 1, **numbers}}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("number", ["2", "0", "2147483647", "2147483648", "9" * 30, "-1", "x"])
def test_one_that_there_is_not_is_not_found(site: Site, admin: Browser, number: str) -> None:
    site.start()
    answer = admin.get(f"/admin-api/broadcasts/{number}")
    assert (answer.status_code, answer.is_json) == (404, True)
