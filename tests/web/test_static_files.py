"""Files of the pages: named after their content, and kept for a year under that name."""

import re

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from tests.people import Browser, People
from webpush_app.config import ROOT
from webpush_app.web import headers

FOR_EVER = "public, max-age=31536000, immutable"


def test_every_file_that_a_page_names_is_there_and_may_be_kept_for_ever(stranger: FlaskClient) -> None:
    files = re.findall(r'(?:src|href)="(/(?:bootstrap/)?static/[^"]+)"', stranger.get("/").text)
    assert len(files) >= 5
    for path in files:
        with stranger.get(path) as answer:
            assert answer.status_code == 200, path
            if path.startswith("/static/"):
                assert "?v=" in path or path.startswith("/static/v-")
                assert answer.headers["Cache-Control"] == FOR_EVER


def test_a_file_without_its_version_is_asked_for_again(stranger: FlaskClient) -> None:
    with stranger.get("/static/js/main.js") as answer:
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-cache"
        tag = answer.headers["ETag"]
    with stranger.get("/static/js/main.js", headers={"If-None-Match": tag}) as answer:
        assert answer.status_code == 304


def test_a_file_asked_for_by_another_version_is_not_kept_by_that_name(stranger: FlaskClient) -> None:
    (current,) = re.findall(r'href="(/static/css/site\.css\?v=\w+)"', stranger.get("/").text)
    for path in ("/static/css/site.css?v=1", "/static/css/site.css?v="):
        with stranger.get(path) as answer, stranger.get(current) as kept:
            assert answer.data == kept.data
            assert (answer.headers["Cache-Control"], kept.headers["Cache-Control"]) == ("no-cache", FOR_EVER)
            tag = kept.headers["ETag"]
    with stranger.get(current, headers={"If-None-Match": tag}) as answer:
        assert (answer.status_code, answer.headers["Cache-Control"]) == (304, FOR_EVER)


def test_a_file_that_is_not_there_is_not_missing_for_ever(stranger: FlaskClient) -> None:
    answer = stranger.get("/static/js/no_such_file.js?v=1")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_the_version_changes_with_the_content(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def version() -> str:
        with app.test_request_context():
            return url_for("static", filename="css/site.css")

    assert version() == version()
    before = version()
    monkeypatch.setattr(headers, "fingerprint", lambda _path: "another")
    assert version() == "/static/css/site.css?v=another" != before


@pytest.mark.parametrize("path", ["/static/css/site.css?v=1", "/static/js/main.js", "/favicon.ico"])
def test_a_file_for_everybody_carries_nobodys_cookie(people: People, path: str) -> None:
    client = people.browser("susan").client
    with client.session_transaction() as session:
        session.permanent = True
    with client.get(path) as answer:
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "/etc/passwd", "css/../../app.py", "..\\app.py", "js", "", "."],
)
def test_nothing_beside_the_folder_is_given_out(susan: Browser, path: str) -> None:
    with susan.get(f"/static/{path}") as answer:
        assert answer.status_code in (308, 404)


def test_every_module_that_a_script_imports_is_there() -> None:
    scripts = ROOT / "static" / "js"
    for script in scripts.glob("*.js"):
        for imported in re.findall(r'from "\./([^"]+)"', script.read_text(encoding="utf-8")):
            assert (scripts / imported).is_file(), f"{script.name} imports {imported}"


def test_the_icon_is_where_browsers_look_for_it(stranger: FlaskClient) -> None:
    with stranger.get("/favicon.ico") as answer:
        assert answer.status_code == 200
        assert answer.content_type.startswith("image/svg+xml")
