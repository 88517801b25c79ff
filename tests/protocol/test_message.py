"""What a push says always fits, and is cut only between characters as people see them."""

import json
from typing import Any

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from webpush_app.protocol.message import (
    ELLIPSIS,
    MAX_ENCRYPTABLE_BYTES,
    MAX_JSON_BYTES,
    MAX_TITLE_BYTES,
    Message,
    PayloadTooLarge,
    Urgency,
    check_size,
    to_fields,
    to_payload,
    with_fields,
)

FAMILY = "👨‍👩‍👧‍👦"
MANY = 4000
# Full of what takes several bytes, or what JSON escapes.
FILLERS = [
    "a",
    "é",
    "수",
    FAMILY,
    "🇰🇷",
    '"',
    "\\",
    "\n",
    "\0",
    "\x1f",
    "\x7f",
    "e\u0301",
    "\ud800",
    "\u2028",
    "</script>",
]


def read(message: Message) -> Any:
    payload = to_payload(message)
    assert len(payload) < 2500
    assert payload == to_payload(message)
    return json.loads(payload.decode("utf-8"))


def whole_characters(text: str) -> list[str]:
    return [found.group() for found in regex.finditer(r"\X", text)]


def is_cut_well(shown: str, text: str) -> bool:
    """The beginning of the text, between two characters, and a sign that there was more."""
    kept, whole = whole_characters(shown.removesuffix(ELLIPSIS)), whole_characters(text)
    return shown.endswith(ELLIPSIS) and kept == whole[: len(kept)]


def test_a_short_message_is_whole() -> None:
    message = Message("susan", "Dinner? 저녁 🍲", "/messages/with/susan", "message-7", "ko", 1_700_000_000_000)
    assert read(message) == {
        "title": "susan",
        "body": "Dinner? 저녁 🍲",
        "url": "/messages/with/susan",
        "tag": "message-7",
        "lang": "ko",
        "timestamp": 1_700_000_000_000,
    }


def test_what_is_absent_is_left_out() -> None:
    assert read(Message("Title")) == {"title": "Title", "body": ""}
    assert read(Message("")) == {"title": "", "body": ""}


def test_letters_are_written_as_themselves() -> None:
    assert "저녁".encode() in to_payload(Message("저녁"))


@pytest.mark.parametrize("filler", FILLERS)
def test_a_long_body_is_cut_between_characters(filler: str) -> None:
    shown = read(Message("Title", filler * MANY, "/messages", "tag", "en", 1))
    whole = filler.replace("\ud800", "\ufffd") * MANY
    assert is_cut_well(shown["body"], whole)
    assert shown["title"] == "Title"
    if filler.strip():
        assert len(to_payload(Message("Title", filler * MANY))) > 2400


@pytest.mark.parametrize("filler", FILLERS)
def test_a_long_title_leaves_room_for_the_body(filler: str) -> None:
    shown = read(Message(filler * MANY, "b" * MANY))
    assert is_cut_well(shown["title"], filler.replace("\ud800", "\ufffd") * MANY)
    assert len(json.dumps(shown["title"], ensure_ascii=False).encode()) - 2 <= MAX_TITLE_BYTES
    assert len(shown["body"]) > 2000


def test_what_just_fits_is_not_cut() -> None:
    assert read(Message("t" * MAX_TITLE_BYTES))["title"] == "t" * MAX_TITLE_BYTES
    assert read(Message("t" * (MAX_TITLE_BYTES + 1)))["title"] == "t" * (MAX_TITLE_BYTES - 3) + ELLIPSIS
    longest = "b" * (2499 - len(to_payload(Message("t"))))
    assert len(to_payload(Message("t", longest))) == 2499
    assert read(Message("t", longest))["body"] == longest
    assert read(Message("t", longest + "b"))["body"] == longest[:-3] + ELLIPSIS


def test_one_endless_character_is_left_out() -> None:
    assert read(Message("t", "a" + "\u0301" * MANY))["body"] == ELLIPSIS
    assert read(Message("t", "Hello e" + "\u0301" * MANY))["body"] == "Hello" + ELLIPSIS


@pytest.mark.parametrize("filler", ["x", '"', "\\", "\0", "수", "\ud800"])
def test_long_addresses_and_tags_leave_room_for_the_text(filler: str) -> None:
    shown = read(Message("t" * MANY, "b" * MANY, "/" + filler * MANY, filler * MANY, filler * MANY, 2**53))
    assert len(shown["body"]) > 1500
    assert "url" not in shown  # half a path leads elsewhere
    assert "lang" not in shown


def test_long_tags_stay_apart() -> None:
    tags = [read(Message("t", tag="x" * MANY + last))["tag"] for last in ("a", "b", "a")]
    assert tags[0] == tags[2] != tags[1]


def test_half_characters_become_a_sign_that_stands_for_them() -> None:
    assert read(Message("a\ud83dz", "\udfff", "/\ud800", "\udc00")) == {
        "title": "a\ufffdz",
        "body": "\ufffd",
        "url": "/\ufffd",
        "tag": "\ufffd",
    }


ANY_TEXT = st.text(st.characters(exclude_categories=[])) | st.sampled_from(FILLERS).map(lambda filler: filler * 900)
MAYBE = st.none() | ANY_TEXT
WHOLE = st.none() | st.integers(0, 2**53)


@settings(database=None, deadline=None, max_examples=150)
@given(st.builds(Message, ANY_TEXT, ANY_TEXT, MAYBE, MAYBE, MAYBE, WHOLE))
def test_whatever_is_said_fits_and_can_be_read(message: Message) -> None:
    shown = read(message)
    for text, given_text in ((shown["title"], message.title), (shown["body"], message.body)):
        mended = regex.sub(r"[\uD800-\uDFFF]", "\ufffd", given_text)
        assert text == mended or is_cut_well(text, mended)


def test_what_a_push_can_hold_has_an_end() -> None:
    check_size(b"x" * MAX_ENCRYPTABLE_BYTES)
    with pytest.raises(PayloadTooLarge, match="3993 bytes; these are 3994"):
        check_size(b"x" * (MAX_ENCRYPTABLE_BYTES + 1))


def test_urgencies_are_written_as_push_services_know_them() -> None:
    assert [str(urgency) for urgency in Urgency] == ["very-low", "low", "normal", "high"]


def test_what_is_too_large_for_a_push_service_goes_without_its_text() -> None:
    whole = Message("susan", "a long text", "/messages", "tag-1", "es", 1_700_000_000_000)
    assert read(whole.shortened()) == {**read(whole), "body": ""}
    assert read(whole.shortened("Message")) == {**read(whole), "title": "Message", "body": ""}
    assert len(to_payload(whole.shortened())) < len(to_payload(whole))


def test_what_is_said_beside_a_message_is_added_as_it_is() -> None:
    message = Message("susan", "Dinner? 저녁 🍲", "/messages")
    values = {"item": 7, "deep": {"unread": [9, 7], "none": None}, "text": "저녁"}
    assert json.loads(with_fields(to_payload(message), to_fields(values))) == {**read(message), **values}
    assert with_fields(to_payload(message), to_fields({})) == to_payload(message)


@pytest.mark.parametrize("filler", [filler for filler in FILLERS if filler.strip()])
def test_a_long_text_makes_room_for_what_is_said_beside_it(filler: str) -> None:
    fields = to_fields({"numbers": [2**52] * 50})
    payload = with_fields(to_payload(Message("Title", filler * MANY), room=len(fields)), fields)
    assert MAX_JSON_BYTES - 100 < len(payload) <= MAX_JSON_BYTES
    assert json.loads(payload)["body"].endswith(ELLIPSIS)
    assert json.loads(payload)["numbers"] == [2**52] * 50


def test_what_does_not_fit_beside_a_text_is_left_out_and_takes_nothing_from_it() -> None:
    fields = to_fields({"numbers": [2**52] * 60})
    longest = Message("t" * 300, "b" * MANY, "/" + "u" * 990, "g" * 200)
    assert with_fields(to_payload(longest, room=len(fields)), fields) == to_payload(longest)
    exact = "b" * (MAX_JSON_BYTES - len(to_payload(Message("t"))) - len(fields))
    for body, fits in ((exact, True), (exact + "b", False)):
        assert (b"numbers" in with_fields(to_payload(Message("t", body)), fields)) is fits


@settings(database=None, deadline=None, max_examples=100)
@given(st.builds(Message, ANY_TEXT, ANY_TEXT, MAYBE, MAYBE, MAYBE, WHOLE), st.lists(st.integers(0, 2**53)))
def test_whatever_is_said_beside_it_a_message_fits(message: Message, numbers: list[int]) -> None:
    fields = to_fields({"numbers": numbers})
    for room in (0, len(fields), len(fields) + 63):
        said = with_fields(to_payload(message, room=room), fields)
        assert len(said) <= MAX_JSON_BYTES
        assert json.loads(said).get("numbers", numbers) == numbers
