"""`next` leads on after signing in: to our own pages, and never to somebody else's."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.accounts.steps import sign_in
from tests.people import PASSWORD, Browser, People, csrf_token

ELSEWHERE = [
    "",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "https://evil.example/",
    "http:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "/x\r\nSet-Cookie: a=b",
    "/\u2028/evil.example",
    "//[evil",
    "evil.example",
    "people",
    "?page=2",
    "#top",
]


@pytest.mark.usefixtures("susan")
@pytest.mark.parametrize("target", ["", "//evil.example", "/\\evil.example", "/\t/evil.example"])
def test_no_other_place_is_gone_to(stranger: FlaskClient, target: str) -> None:
    answer = sign_in(stranger, "susan", query_string={"next": target})
    assert answer.status_code == 302
    assert answer.location == "/"


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_other_place_is_gone_to_by_somebody_who_is_signed_in_already(susan: Browser, target: str) -> None:
    assert susan.get("/login", query_string={"next": target}).location == "/"


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/people", "/people"),
        ("/people?q=jo&page=2", "/people?q=jo&page=2"),
        ("/user/john#top", "/user/john#top"),
        ("/%0d%0aSet-Cookie:%20a=b", "/%0d%0aSet-Cookie:%20a=b"),
        ("/people?q=수", "/people?q=%EC%88%98"),
        ("/people?q=https://evil.example", "/people?q=https://evil.example"),
    ],
)
def test_a_page_of_ours_is_gone_to(susan: Browser, target: str, location: str) -> None:
    answer = susan.get("/login", query_string={"next": target})
    assert answer.location == location
    assert "a=b" not in answer.headers.get("Set-Cookie", "")


def test_somebody_who_was_turned_away_arrives_after_signing_in(people: People, stranger: FlaskClient) -> None:
    people("susan")
    turned_away = stranger.get("/people?q=su&page=1")
    assert turned_away.status_code == 302
    token = csrf_token(stranger.get(turned_away.location))
    fields = {"csrf_token": token, "username": "susan", "password": PASSWORD}
    answer = stranger.post(turned_away.location, data=fields)
    assert answer.location == "/people?q=su&page=1"


def test_registering_keeps_the_way(stranger: FlaskClient) -> None:
    page = stranger.get("/login?next=/user/susan").text
    assert "/register?next=/user/susan" in page
    token = csrf_token(stranger.get("/register"))
    fields = {"csrf_token": token, "username": "susan", "password": PASSWORD, "password2": PASSWORD}
    assert stranger.post("/register?next=/user/susan", data=fields).location == "/user/susan"


@pytest.mark.parametrize(
    ("path", "way_back"),
    [
        ("/send_message/john", "/send_message/john"),
        ("/change_password", "/change_password"),
        ("/sessions/1/end", None),
        ("/sessions/end-others", None),
    ],
)
def test_a_form_sent_signed_out_leads_back_only_where_a_link_can_go(
    stranger: FlaskClient, path: str, way_back: str | None
) -> None:
    token = csrf_token(stranger.get("/login"))
    answer = stranger.post(path, data={"csrf_token": token})
    assert answer.status_code == 302
    target = urlsplit(answer.location)
    assert target.path == "/login"
    assert parse_qs(target.query).get("next") == ([way_back] if way_back else None)
