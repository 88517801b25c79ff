"""Sending a private message: what is stored, what the recipient sees, and what is refused."""

import pytest

from tests.conftest import AppMaker
from tests.people import Browser, People


def test_a_message_is_stored_and_raises_the_recipients_badge(susan: Browser, john: Browser, people: People) -> None:
    answer = john.send("susan", "Hello, Susan!")
    assert answer.status_code == 302
    assert answer.location == "/user/susan"
    assert "Your message has been sent." in john.get(answer.location).text
    assert people.bodies() == ["Hello, Susan!"]
    assert susan.badge() == 1
    assert john.badge() == 0


def test_the_recipients_name_is_found_in_any_case(susan: Browser, john: Browser, people: People) -> None:
    assert john.send("SUSAN", "Hello!").location == "/user/susan"
    assert susan.badge() == 1
    assert people.bodies() == ["Hello!"]


def test_an_unknown_recipient_is_not_found(john: Browser, people: People) -> None:
    assert john.get("/send_message/nobody1").status_code == 404
    token_page = "/edit_profile"
    answer = john.submit("/send_message/nobody1", {"message": "x"}, form_at=token_page)
    assert answer.status_code == 404
    assert "nobody1" in answer.text
    assert people.bodies() == []


def test_nobody_writes_to_themselves(john: Browser, people: People) -> None:
    assert "Send private message" not in john.get("/user/john").text
    assert john.get("/send_message/john").status_code == 403
    for path in ("/send_message/john", "/messages/with/john"):
        answer = john.submit(path, {"message": "x"}, form_at="/edit_profile")
        assert answer.status_code == 403
        assert "This is you." in answer.text
    assert people.bodies() == []


@pytest.mark.usefixtures("susan")
@pytest.mark.parametrize("path", ["/send_message/susan", "/messages/with/susan"])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Please fill this in."),
        (" \n\t ", "Please fill this in."),
        ("\u200b\u200b", "Please fill this in."),
        ("x" * 141, "141 characters long; at most 140"),
        ("e" + "\u0301" * 40, "Too many marks"),
        ("a\x07b", "not text"),
    ],
    ids=["empty", "spaces", "invisible", "too long", "stacked marks", "control character"],
)
def test_a_text_that_cannot_be_sent_is_explained_and_kept_in_the_form(
    john: Browser, people: People, path: str, text: str, why: str
) -> None:
    answer = john.submit(path, {"message": text})
    assert answer.status_code == 422
    assert why in answer.text
    assert people.bodies() == []


@pytest.mark.parametrize(
    "text",
    [
        "x" * 140,
        "👨‍👩‍👧‍👦" * 140,
        "é" * 140,
        "مرحبا كيف حالك",
        "한국어 메시지",
        "line one\nline two",
        "<script>alert(1)</script>",
    ],
    ids=["longest", "families", "accents", "right to left", "korean", "two lines", "script"],
)
def test_what_a_person_can_type_arrives_as_it_was_typed(
    susan: Browser, john: Browser, people: People, text: str
) -> None:
    assert john.send("susan", text.replace("\n", "\r\n")).status_code == 302
    assert people.bodies() == [text]
    page = susan.get("/messages").text
    assert text.replace("<", "&lt;").replace(">", "&gt;") in page
    assert "<script>alert" not in page


def test_the_longest_message_is_a_setting(make_app: AppMaker, password_hash: str) -> None:
    people = People(make_app(message_max_length=5), password_hash)
    john = people.browser("john")
    people("susan")
    assert john.send("susan", "123456").status_code == 422
    assert john.send("susan", "12345").status_code == 302


def test_the_other_spelling_of_the_address_leads_to_the_form(susan: Browser, john: Browser) -> None:
    for method in (john.client.get, john.client.post):
        answer = method("/send-message/susan", data={"csrf_token": "x"} if method == john.client.post else None)
        assert answer.status_code in (308, 400)
    assert john.get("/send-message/susan").location == "/send_message/susan"


def test_without_the_forms_token_nothing_is_sent(john: Browser, susan: Browser, people: People) -> None:
    answer = john.client.post("/send_message/susan", data={"message": "forged"})
    assert answer.status_code == 400
    assert "out of date" in answer.text
    assert people.bodies() == []
