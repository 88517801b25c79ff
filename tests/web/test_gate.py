"""Who is not signed in is asked to sign in, at every address that is not for strangers."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from tests.delivery.happenings import Happenings
from tests.people import Browser, csrf_token
from tests.web.addresses import FOR_STRANGERS, is_for_admins, paths
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db
from webpush_app.notifications import inbox

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OWN = {"Origin": "http://localhost"}


def test_the_list_of_open_addresses_names_only_what_there_is(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} >= FOR_STRANGERS


def test_every_page_leads_a_stranger_to_sign_in_and_back(app: Flask, stranger: FlaskClient) -> None:
    found = paths(app, "GET", for_strangers=False, for_programs=False)
    pages = [path for path in found if path != "/notifications"]
    assert len(pages) >= 10
    for path in pages:
        answer = stranger.get(path)
        assert answer.status_code == 302, path
        target = urlsplit(answer.location)
        assert (target.netloc, target.path) == ("", "/login")
        assert parse_qs(target.query) == {"next": [path]}
    assert "Please sign in first." in stranger.get("/login").text


def test_every_form_leads_a_stranger_to_sign_in(app: Flask, stranger: FlaskClient) -> None:
    token = csrf_token(stranger.get("/login"))
    forms = list(paths(app, "POST", for_strangers=False, for_programs=False))
    assert len(forms) >= 8
    for path in forms:
        answer = stranger.post(path, data={"csrf_token": token})
        assert answer.status_code == 302, path
        assert answer.location.startswith("/login"), path


def test_the_question_of_the_page_is_kept(stranger: FlaskClient) -> None:
    answer = stranger.get("/people?q=a%26b&page=2")
    assert parse_qs(urlsplit(answer.location).query) == {"next": ["/people?q=a%26b&page=2"]}


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/notifications", {}), ("/notifications?since=x", {}), ("/people", {"Accept": "application/json"})],
)
def test_who_reads_json_is_told_in_json(stranger: FlaskClient, path: str, headers: dict[str, str]) -> None:
    answer = stranger.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.json == {"status": "error", "code": "not_signed_in", "message": "Please sign in first."}


def test_a_program_of_a_stranger_is_told_in_json(app: Flask, stranger: FlaskClient) -> None:
    asked = [(method, path) for method in METHODS for path in _of_programs(app, method)]
    assert len(asked) >= 2
    for method, path in asked:
        answer = stranger.open(path, method=method, json=None if method == "GET" else {}, headers=OWN)
        assert answer.status_code == 401, (method, path)
        assert answer.json == {"status": "error", "code": "not_signed_in", "message": "Please sign in first."}


def _of_programs(app: Flask, method: str) -> list[str]:
    return list(paths(app, method, for_strangers=False, for_programs=True))


def test_who_is_signed_in_is_let_through(app: Flask, susan: Browser, john: Browser, admin: Browser) -> None:
    happenings = Happenings(app)
    happenings.writing(lambda: inbox.publish("broadcast", 1))
    happenings.browser(john.user_id)
    happenings.broadcast(admin.user_id)
    for path in paths(app, "GET", for_strangers=False):
        assert _gets_in(admin, path), path
        assert _gets_in(susan, path) == (not is_for_admins(path)), path


def _gets_in(person: Browser, path: str) -> bool:
    """An item of the inbox leads on to where it stands."""
    answer = person.get(path)
    assert answer.status_code in (200, 302, 403)
    return answer.status_code == 200 or (answer.status_code == 302 and answer.location == "/inbox")


def test_who_is_no_admin_is_turned_away_everywhere(app: Flask, susan: Browser, john: Browser) -> None:
    token = csrf_token(susan.get("/edit_profile"))
    pages = [path for path in paths(app, "POST", for_strangers=False, for_programs=False) if is_for_admins(path)]
    programs = [path for path in _of_programs(app, "POST") if is_for_admins(path)]
    assert len(pages) >= 2
    assert len(programs) >= 1
    for path in pages:
        assert susan.client.post(path, data={"csrf_token": token}).status_code == 403, path
    for path in programs:
        answer = susan.client.post(path, json={}, headers=OWN)
        assert (answer.status_code, (answer.json or {})["code"]) == (403, "not_allowed"), path
    assert "Administration" not in susan.get("/people").text


def test_whose_account_is_gone_is_a_stranger(app: Flask, susan: Browser) -> None:
    with app.app_context():
        begin_write()
        db.session.execute(delete(User))
        db.session.commit()
    assert susan.get("/people").status_code == 302
    assert susan.get("/").status_code == 200
