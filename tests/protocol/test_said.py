"""What services say is stored and shown: short, plain, and never with the endpoint in it, which they like to repeat."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webpush_app.protocol.answers import classify
from webpush_app.protocol.said import plain_words, retry_after_seconds
from webpush_app.protocol.transport import Answer

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
TOKEN = "gAAAAABk3-x_" + "Zq9" * 30
SECRETS = [
    f"https://updates.push.services.mozilla.com/wpush/v2/{TOKEN}",
    f"HTTPS://fcm.googleapis.com/fcm/send/{TOKEN}",
    "https://web.push.apple.com/short",
    f"https:\\/\\/fcm.googleapis.com\\/fcm\\/send\\/{TOKEN}",
    f"https%3A%2F%2Ffcm.googleapis.com%2Ffcm%2Fsend%2F{TOKEN}",
    f"/wpush/v2/{TOKEN}",
    TOKEN,
    f"abc:{TOKEN}",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "around", ["{}", "No such subscription: {} (102)", '{{"endpoint":"{}"}}', "<a href='{}'>{}</a>"]
)
def test_the_endpoint_is_not_repeated(secret: str, around: str) -> None:
    said = plain_words(around.format(secret, secret))
    assert TOKEN[:33] not in said
    assert "short" not in said
    assert "Zq9Zq9" not in said


def test_a_secret_at_the_end_of_what_is_shown_is_not_cut_into_shape() -> None:
    for length in range(150, 200):
        assert "Zq9" not in plain_words("a b " * (length // 4) + f" {TOKEN}")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", ""),
        (b"UnauthorizedRegistration", "UnauthorizedRegistration"),
        (b'{"errno": 106,\r\n\t "error": "Gone"}', '{"errno": 106, "error": "Gone"}'),
        (b"<html><title>404 Not&nbsp;Found</title></html>", "404 Not&nbsp;Found"),
        (b"\0\x1b[31mred\x07", "[31mred"),
        ("찾을 수 없음".encode(), "찾을 수 없음"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        ("a\u202eb\u200bc\u2028d".encode(), "a b c d"),
        (b"see http://autopush.readthedocs.io/en/latest/http.html#error-codes", "see (address)"),
        (b"x y " * 100, ("x y " * 50).strip()),
    ],
)
def test_words_become_short_and_plain(body: bytes, said: str) -> None:
    assert plain_words(body) == said


def test_microsofts_words_stand_in_a_header() -> None:
    answer = Answer(400, {"x-wns-error-description": "Ttl value conflicts with X-WNS-Cache-Policy."}, b"", is_cut=False)
    assert classify(answer, NOW).said == "Ttl value conflicts with X-WNS-Cache-Policy."


@pytest.mark.parametrize("body", [b"<" * 8192, b"<a" * 4096, b"https:/" * 1170, b"a" * 8192, b"a/" * 4096, b" " * 8192])
def test_no_body_takes_long_to_read(body: bytes) -> None:
    """Many times what is ever kept, so that a time that grows with the square cannot hide."""
    started = time.process_time()
    classify(Answer(200, {}, body * 20, is_cut=False), NOW)
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize("header", [",", "1,", "1, ", "a b,", "Wed, 04 Mar 2026 05:07:07 GMT, ", "9"])
def test_no_header_takes_long_to_read(header: str) -> None:
    """As long as a whole head may be, and more."""
    started = time.process_time()
    retry_after_seconds(header * (65_536 // len(header)), NOW, header * (65_536 // len(header)))
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("1", 1.0),
        (" 120 ", 120.0),
        ("0007", 7.0),
        ("3600", 3600.0),
        ("3601", 3600.0),
        ("9" * 400, 3600.0),
        ("9" * 5000, 3600.0),
        ("120.5", 121.0),
        ("120.0", 120.0),
        ("0.001", 1.0),
        ("3599.5", 3600.0),
        ("3600.5", 3600.0),
        ("9" * 400 + ".5", 3600.0),
        ("Wed, 04 Mar 2026 05:07:07 GMT", 60.0),
        ("Wednesday, 04-Mar-26 05:07:07 GMT", 60.0),
        ("Wed Mar  4 05:07:07 2026", 60.0),
        ("Wed, 04 Mar 2026 06:07:07 +0100", 60.0),
        ("Wed, 04 Mar 2026 05:06:06 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600.0),
        ("Fri, 31 Dec 9999 23:59:59 -2300", 3600.0),
    ],
)
def test_seconds_and_dates_are_understood(header: str, seconds: float) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120, 120", 120.0),
        ("7,120,60", 120.0),
        ("7, 7.5", 8.0),
        ("60, 99999", 3600.0),
        ("60, soon", 60.0),
        ("-1, 60", 60.0),
        (", 60", 60.0),
        ("Wed, 04 Mar 2026 05:07:07 GMT, Wed, 04 Mar 2026 05:08:07 GMT", 120.0),
        ("Wednesday, 04-Mar-26 05:08:07 GMT, Wednesday, 04-Mar-26 05:07:07 GMT", 120.0),
        ("90, Wed, 04 Mar 2026 05:08:07 GMT", 120.0),
        ("Wed, 04 Mar 2026 05:08:07 GMT, 150", 150.0),
    ],
)
def test_of_several_the_longest_is_obeyed(header: str, seconds: float) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        "-1",
        "-60",
        "+60",
        "1.",
        ".5",
        "-1.5",
        "1.5.5",
        "1e3",
        "60s",
        "-60, -60",
        "soon, later",
        "0x10",
        "１２",
        "soon",
        "nan",
        "inf",
        "Wed",
        ",",
    ],
)
def test_anything_else_is_as_if_it_were_not_there(header: str | None) -> None:
    assert retry_after_seconds(header, NOW) is None


@settings(database=None, deadline=None)
@given(st.text() | st.integers().map(str) | st.datetimes(timezones=st.just(UTC)).map(str))
def test_no_header_breaks_anything(header: str) -> None:
    for seconds in (retry_after_seconds(header, NOW), retry_after_seconds("7", NOW, header)):
        assert seconds is None or 0 <= seconds <= 3600


@pytest.mark.parametrize("ahead", [0, 300, 39_600, -300, -39_600])
def test_a_date_is_measured_by_the_services_own_clock(ahead: int) -> None:
    theirs = NOW - timedelta(seconds=ahead)
    date, until = (format_datetime(theirs + timedelta(seconds=seconds), usegmt=True) for seconds in (0, 240))
    assert retry_after_seconds(until, NOW, date) == 240
    assert retry_after_seconds(f"{until}, {until}", NOW, f"{date}, {date}") == 240
    assert retry_after_seconds("240", NOW, date) == 240
    assert retry_after_seconds(date, NOW, until) == 0


@pytest.mark.parametrize("date", [None, "", "yesterday", "240", "Wed, 99 Mar 2026 05:06:07 GMT"])
def test_where_it_does_not_tell_its_time_ours_is_used(date: str | None) -> None:
    assert retry_after_seconds("Wed, 04 Mar 2026 05:10:07 GMT", NOW, date) == 240


@settings(database=None, deadline=None)
@given(st.integers(-(10**6), 10**6))
def test_every_date_as_http_writes_it_is_understood(seconds: int) -> None:
    header = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after_seconds(header, NOW) == min(max(seconds, 0), 3600)
