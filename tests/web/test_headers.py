"""The headers of every answer."""

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from tests.people import Browser
from tests.web.addresses import paths

CSP = "Content-Security-Policy"


def _policy(header: str) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in header.split(";"))
    return {name: value for name, _space, value in parts}


@pytest.mark.usefixtures("john")
def test_every_answer_is_guarded(app: Flask, susan: Browser, admin: Browser, stranger: FlaskClient) -> None:
    everywhere = [*paths(app, "GET", for_strangers=True), *paths(app, "GET", for_strangers=False), "/no/such/page"]
    for client in (susan.client, admin.client, stranger):
        for path in everywhere:
            with client.get(path) as answer:
                assert answer.headers["X-Content-Type-Options"] == "nosniff", path
                assert answer.headers["X-Frame-Options"] == "DENY", path
                assert answer.headers["Referrer-Policy"] == "same-origin", path
                assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", path
                assert answer.headers[CSP].startswith("default-src 'none'"), path


def test_a_page_loads_from_here_alone_and_runs_nothing_written_into_it(stranger: FlaskClient) -> None:
    policy = _policy(stranger.get("/").headers[CSP])
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["form-action"] == "'self'"
    assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    allowed = {source for sources in policy.values() for source in sources.split()}
    assert allowed == {"'none'", "'self'", "data:"}


@pytest.mark.usefixtures("john")
def test_what_is_shown_to_a_person_is_kept_nowhere(app: Flask, susan: Browser, admin: Browser) -> None:
    more = ["/", "/login", "/no/such/page", "/sessions/1/end", "/api/push-subscriptions", "/api/pushes/1"]
    for path in [*paths(app, "GET", for_strangers=False), *more]:
        for browser in (susan, admin):
            answer = browser.get(path)
            assert answer.headers["Cache-Control"] == "no-store", path
            assert {"cookie", "accept-language"} <= {name.lower() for name in answer.vary}, path


@pytest.mark.parametrize("path", ["/static/no_such_file.js", "/static/no_such_file.js?v=1", "/bootstrap/static/x.css"])
def test_nor_is_an_error_page_that_shows_a_persons_name(susan: Browser, path: str) -> None:
    answer = susan.get(path)
    assert answer.status_code == 404
    assert "<bdi>susan</bdi>" in answer.text
    assert answer.headers.get("Cache-Control") == "no-store"


def test_what_is_shown_to_strangers_is_asked_for_again_each_time(stranger: FlaskClient) -> None:
    for path in ("/", "/login", "/register", "/no/such/page", "/people"):
        answer = stranger.get(path)
        assert answer.headers["Cache-Control"] == "no-cache", path
        assert {"cookie", "accept-language"} <= {name.lower() for name in answer.vary}, path


def test_a_form_that_was_sent_is_kept_nowhere(susan: Browser) -> None:
    for fields in ({"about_me": "x", "locale": "en"}, {"about_me": "x" * 500, "locale": "en"}):
        assert susan.submit("/edit_profile", fields).headers["Cache-Control"] == "no-store"


def test_nothing_tells_what_the_service_is_made_of(stranger: FlaskClient) -> None:
    answer = stranger.get("/")
    assert "Server" not in answer.headers
    assert "X-Powered-By" not in answer.headers


def test_each_stands_there_once_and_what_a_route_says_itself_stays(app: Flask) -> None:
    with app.test_request_context("/people"):
        own = {"cache-control": "max-age=5", "x-frame-options": "SAMEORIGIN", "vary": "Origin"}
        answer = app.process_response(Response("", headers=own))
    names = [name.lower() for name, _value in answer.headers]
    assert sorted(names) == sorted(set(names))
    assert answer.headers["Cache-Control"] == "max-age=5"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert set(answer.vary) == {"Origin", "Cookie", "Accept-Language"}


def test_a_form_of_a_stranger_varies_by_the_cookie_that_comes_with_it(stranger: FlaskClient) -> None:
    answer = stranger.get("/login")
    assert answer.headers.getlist("Vary") == ["Cookie, Accept-Language"]
    assert "Set-Cookie" in answer.headers
    assert "Set-Cookie" not in stranger.get("/login").headers


def test_what_a_machine_may_read_by_its_session_varies_by_the_cookie(admin: Browser) -> None:
    answer = admin.get("/metrics", environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    assert answer.status_code == 200
    assert "cookie" in {name.lower() for name in answer.vary}
