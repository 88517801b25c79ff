"""A person's profile, and what they write about themselves."""

import pytest
from flask import Flask

from tests.accounts.steps import person
from tests.people import Browser, People

FAMILY = "👨‍👩‍👧‍👦"


def test_a_profile_shows_a_person_to_others(people: People, susan: Browser, john: Browser) -> None:
    susan.submit("/edit_profile", {"about_me": "I grow tulips.", "locale": "en"})
    page = john.get("/user/susan").text
    for shown in ("<bdi>susan</bdi>", "I grow tulips.", "Here since", "Last seen:", 'href="/send_message/susan"'):
        assert shown in page
    assert "Edit profile</a>\n      <a" not in page
    assert "Admin" not in page


def test_ones_own_profile_leads_to_editing_it(susan: Browser) -> None:
    page = susan.get("/user/susan").text
    assert "/send_message/susan" not in page
    assert "You have not written anything about yourself yet." in page
    assert 'class="btn btn-primary" href="/edit_profile"' in page


def test_an_admin_is_marked(people: People, susan: Browser) -> None:
    people("john", is_admin=True)
    assert '<span class="tag">Admin</span>' in susan.get("/user/john").text


@pytest.mark.parametrize("path", ["/user/{}", "/user/{}/popup"])
@pytest.mark.parametrize(("name", "shown"), [("nina1", "nina1"), ("<b>x", "&lt;b&gt;x"), ("수지", "수지")])
def test_somebody_unknown_is_not_found_by_name(susan: Browser, path: str, name: str, shown: str) -> None:
    answer = susan.get(path.format(name))
    assert answer.status_code == 404
    assert f"There is nobody called “{shown}” here." in answer.text


def test_a_very_long_name_is_cut_in_the_answer(susan: Browser) -> None:
    answer = susan.get("/user/" + "x" * 5000)
    assert answer.status_code == 404
    assert "x" * 64 + "”" in answer.text
    assert "x" * 65 not in answer.text


def test_a_profile_is_found_in_any_case(susan: Browser) -> None:
    assert "<bdi>susan</bdi>" in susan.get("/user/SUSAN").text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * 140,
        FAMILY * 140,
        "e\u0301" * 140,
        "🇰🇷" * 140,
        "one\ntwo",
        "<script>alert(1)</script>",
        '"><b onclick=x>',
    ],
    ids=["nothing", "longest", "families", "accents", "flags", "two lines", "script", "attribute"],
)
def test_what_a_person_writes_is_shown_as_it_is(app: Flask, susan: Browser, john: Browser, text: str) -> None:
    answer = susan.submit("/edit_profile", {"about_me": text.replace("\n", "\r\n"), "locale": "en"})
    assert answer.status_code == 302
    assert answer.location == "/user/susan"
    shown = text.replace("e\u0301", "é").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;")
    assert person(app, "susan").about_me == text.replace("e\u0301", "é")
    for path in ("/user/susan", "/user/susan/popup", "/people"):
        page = john.get(path).text
        assert shown in page
        assert "<script>alert" not in page
        assert "<b onclick" not in page


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x" * 141, "This is 141 characters long; at most 140 characters fit."),
        (FAMILY * 141, "This is 141 characters long; at most 140 characters fit."),
        ("a\x07b", "This holds a character that is not text."),
        ("a\x85b", "This holds a character that is not text."),
        ("e" + "\u0301" * 40, "Too many marks"),
    ],
    ids=["too long", "families", "bell", "c1 control", "stacked marks"],
)
def test_what_cannot_be_kept_is_explained_and_stays_in_the_form(
    app: Flask, susan: Browser, text: str, why: str
) -> None:
    answer = susan.submit("/edit_profile", {"about_me": text, "locale": "es"})
    assert answer.status_code == 422
    assert why in answer.text
    assert text[:140].replace("e\u0301", "é") in answer.text
    assert person(app, "susan").about_me == ""
    assert person(app, "susan").locale is None


def test_the_form_shows_what_is_stored(susan: Browser) -> None:
    susan.submit("/edit_profile", {"about_me": "I grow tulips.", "locale": "ko"})
    page = susan.get("/edit_profile").text
    assert "I grow tulips.</textarea>" in page
    assert '<option selected value="ko">' in page


def test_nobody_edits_what_the_form_does_not_hold(app: Flask, susan: Browser) -> None:
    extra = {"username": "mallory", "is_admin": "y", "user_id": "1", "password_hash": "x"}
    susan.submit("/edit_profile", {"about_me": "x", "locale": "en", **extra})
    stored = person(app, "susan")
    assert (stored.username, stored.is_admin) == ("susan", False)
