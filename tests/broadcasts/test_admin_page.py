"""`/admin`: who may open it, the form, and what is said to what cannot be sent."""

import threading
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from tests.broadcasts import page
from tests.broadcasts.site import Site
from tests.people import PASSWORD, Browser, People, csrf_token
from webpush_app.accounts.gate import begin_write_as_admin
from webpush_app.accounts.models import User
from webpush_app.accounts.service import CONTACT_EMAIL, recall_fact
from webpush_app.broadcasts import routes
from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import db

NEWS = {"title": "News", "body": "Soup at noon.", "link": "/messages", "audience": "everyone"}
NO_OWN_PAGE = "A link is a page of this site and begins with /, such as /messages."
NOT_TEXT = "This holds a character that is not text. Please remove it."


def _count(site: Site) -> int:
    return site.reading(lambda: db.session.scalar(select(func.count()).select_from(Broadcast)) or 0)


def test_a_stranger_signs_in_first_and_comes_back(people: People, stranger: FlaskClient) -> None:
    people("admin", is_admin=True)
    asked = stranger.get("/admin")
    assert urlsplit(asked.location).path == "/login"
    assert parse_qs(urlsplit(asked.location).query) == {"next": ["/admin"]}
    token = csrf_token(stranger.get(asked.location))
    fields = {"csrf_token": token, "username": "admin", "password": PASSWORD}
    answer = stranger.post(asked.location, data=fields)
    assert answer.location == "/admin"
    assert "Write to many" in stranger.get("/admin").text


def test_who_is_no_admin_is_told_so(site: Site, susan: Browser) -> None:
    fields = {"csrf_token": csrf_token(susan.get("/edit_profile")), **NEWS}
    posted = [susan.client.post(path, data=fields) for path in ("/admin", "/admin/contact")]
    for answer in [susan.get("/admin"), *posted]:
        assert answer.status_code == 403
        assert answer.content_type == "text/html; charset=utf-8"
        assert "<h1>Not allowed</h1>" in answer.text
        assert "This page is for the admins of this site." in answer.text
    assert _count(site) == 0
    assert 'href="/admin"' not in susan.get("/").text


def test_who_is_an_admin_no_more_sends_nothing(site: Site, admin: Browser) -> None:
    token = csrf_token(admin.get("/admin"))
    site.writing(_nobody_is_an_admin)
    assert admin.client.post("/admin", data={"csrf_token": token, **NEWS}).status_code == 403
    assert _count(site) == 0


@pytest.mark.parametrize("path", ["/admin", "/admin/contact", "/admin-api/trigger-push-notifications"])
def test_nor_who_stops_being_one_while_the_request_is_under_way(
    site: Site, admin: Browser, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    token = csrf_token(admin.get("/admin"))

    def begin() -> User:
        stop = threading.Thread(target=lambda: site.writing(_nobody_is_an_admin))
        stop.start()
        stop.join(timeout=20)
        return begin_write_as_admin()

    monkeypatch.setattr(routes, "begin_write_as_admin", begin)
    if path.startswith("/admin-api"):
        answer = admin.client.post(path, json=NEWS, headers={"Origin": "http://localhost"})
    else:
        fields = {**NEWS, "csrf_token": token, "contact_email": "other@example.com"}
        answer = admin.client.post(path, data=fields)
    assert answer.status_code == 403
    assert _count(site) == 0
    assert site.reading(lambda: recall_fact(CONTACT_EMAIL)) is None


def _nobody_is_an_admin() -> None:
    db.session.execute(update(User).values(is_admin=False))


def test_an_admin_finds_the_page_in_the_menu(admin: Browser) -> None:
    assert '<a href="/admin">Administration</a>' in admin.get("/").text


def test_each_audience_says_how_many_browsers_it_reaches(site: Site, people: People, admin: Browser) -> None:
    susan = people("susan")
    site.browser(susan, locale="es")
    site.browser(locale="en")
    site.turn_off(site.browser(locale="en"), site.browser(susan, locale="ko"))
    found = page.choices(admin.get("/admin"))
    assert found == {
        "everyone": ("Everyone (2)", 2),
        "signed_in": ("Everyone with an account (1)", 1),
        "anonymous": ("Everyone without an account (1)", 1),
        "language:en": ("Everyone who reads English (1)", 1),
        "language:es": ("Everyone who reads Español (1)", 1),
        "language:ko": ("Everyone who reads 한국어 (0)", 0),
        "language:zh": ("Everyone who reads 简体中文 (0)", 0),
    }


@pytest.mark.parametrize(("browsers", "words"), [(1, "1 browser"), (3, "3 browsers")])
def test_it_is_said_how_many_it_goes_to(site: Site, admin: Browser, browsers: int, words: str) -> None:
    site.browsers(browsers)
    answer = admin.submit("/admin", NEWS)
    assert (answer.status_code, answer.location) == (302, "/admin")
    assert page.flash(admin.get("/admin")) == f"Your broadcast is on its way to {words}."


def test_a_broadcast_to_nobody_is_not_called_on_its_way(site: Site, admin: Browser) -> None:
    site.turn_off(site.browser())
    admin.submit("/admin", NEWS)
    assert "Whoever has an account finds it in the inbox." in admin.get("/admin").text
    admin.submit("/admin", {**NEWS, "audience": "anonymous"})
    assert "Nobody was reached." in admin.get("/admin").text


def test_what_was_sent_is_stored_as_it_was_typed(site: Site, admin: Browser) -> None:
    admin.submit(
        "/admin", {**NEWS, "title": "  Grüße <b>&amp;</b> 🎉 ", "body": "one\r\ntwo", "link": " /messages?page=2 "}
    )
    row = site.row(1)
    assert (row.title, row.body, row.link) == ("Grüße <b>&amp;</b> 🎉", "one\ntwo", "/messages?page=2")
    assert (row.audience, row.author_id) == ("everyone", admin.user_id)


REFUSED = [
    ("title", "", "Please fill this in."),
    ("title", "\u200b \u2800", "Please fill this in."),
    ("title", "x" * 81, "This is 81 characters long; at most 80 characters fit. Please shorten it."),
    ("title", "News\x07!", NOT_TEXT),
    ("title", "\x1b[31mNews", NOT_TEXT),
    ("title", "a" + "\u0301" * 40, "Too many marks are stacked on one character. Please remove some."),
    ("body", "x" * 501, "This is 501 characters long; at most 500 characters fit. Please shorten it."),
    ("body", "a\x7f", NOT_TEXT),
    ("link", "https://evil.example/", NO_OWN_PAGE),
    ("link", "http://localhost/messages", NO_OWN_PAGE),
    ("link", "//evil", NO_OWN_PAGE),
    ("link", "///evil", NO_OWN_PAGE),
    ("link", "/\\evil", NO_OWN_PAGE),
    ("link", "\\\\evil", NO_OWN_PAGE),
    ("link", "/messages\\..\\evil", NO_OWN_PAGE),
    ("link", "javascript:alert(1)", NO_OWN_PAGE),
    ("link", "JavaScript:alert(1)", NO_OWN_PAGE),
    ("link", "data:text/html,x", NO_OWN_PAGE),
    ("link", "messages", NO_OWN_PAGE),
    ("link", "?page=2", NO_OWN_PAGE),
    ("link", "#top", NO_OWN_PAGE),
    ("link", "/a\tb", NO_OWN_PAGE),
    ("link", "/a\nb", NO_OWN_PAGE),
    ("link", "/a\u202eb", NO_OWN_PAGE),
    ("link", "/a\u2028b", NO_OWN_PAGE),
    ("link", "/" + "x" * 500, NO_OWN_PAGE),
    ("link", "/" + "ü" * 250, NO_OWN_PAGE),
]


def test_what_cannot_be_sent_is_refused_with_words(site: Site, admin: Browser) -> None:
    token = csrf_token(admin.get("/admin"))
    for name, given, words in REFUSED:
        answer = admin.client.post("/admin", data={**NEWS, "csrf_token": token, name: given})
        assert (answer.status_code, page.complaints(answer)) == (422, [words]), (name, given)
    assert _count(site) == 0


def test_an_audience_that_is_no_choice_is_refused(site: Site, admin: Browser) -> None:
    token = csrf_token(admin.get("/admin"))
    for audience in ("", "nobody", "language:fr", "EVERYONE"):
        answer = admin.client.post("/admin", data={**NEWS, "csrf_token": token, "audience": audience})
        assert (answer.status_code, len(page.complaints(answer))) == (422, 1), audience
    without = {name: given for name, given in NEWS.items() if name != "audience"}
    assert admin.client.post("/admin", data={**without, "csrf_token": token}).status_code == 422
    assert _count(site) == 0


FAMILY = "👨‍👩‍👧‍👦"  # one character to a person
TAKEN = [
    ("title", FAMILY * 80),
    ("title", "x"),
    ("body", FAMILY * 500),
    ("body", ""),
    ("link", ""),
    ("link", "/"),
    ("link", "/user/susan?x=1#y"),
    ("link", "/" + "x" * 499),
    ("link", "/" + "ü" * 249),
    ("link", "/grüße"),
    ("link", "/a//b"),
]


def test_what_just_fits_is_sent(site: Site, admin: Browser) -> None:
    token = csrf_token(admin.get("/admin"))
    for number, (name, given) in enumerate(TAKEN, start=1):
        answer = admin.client.post("/admin", data={**NEWS, "csrf_token": token, name: given})
        assert answer.status_code == 302, (name, given)
        assert getattr(site.row(number), name) == given


def test_what_was_typed_is_kept(site: Site, admin: Browser) -> None:
    fields = {"title": '"News" <b>', "body": "Soup\n</textarea>", "link": "//evil", "audience": "language:ko"}
    answer = admin.submit("/admin", fields)
    assert {name: page.typed(answer, name) for name in ("title", "body", "link")} == {
        "title": '"News" <b>',
        "body": "Soup\n</textarea>",
        "link": "//evil",
    }
    assert page.chosen(answer) == "language:ko"
    assert page.complaints(answer) == [NO_OWN_PAGE]
    assert "<b>" not in answer.text.partition('id="title"')[2][:200]


def test_every_mistake_is_said_at_once(admin: Browser) -> None:
    answer = admin.submit("/admin", {"title": "", "body": "x" * 501, "link": "evil", "audience": "everyone"})
    assert len(page.complaints(answer)) == 3
