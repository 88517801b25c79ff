"""What each answer of a push service means. Nothing but 404 and 410 may ever say that a subscription is gone."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webpush_app.protocol.answers import (
    Accepted,
    Outcome,
    Refused,
    RefusedFor,
    RetryLater,
    SubscriptionGone,
    Why,
    classify,
)
from webpush_app.protocol.transport import Answer, NoAnswer, Trouble

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def answered(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, is_cut: bool = False) -> Outcome:
    return classify(Answer(status, headers or {}, body, is_cut), NOW)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_push_service_that_takes_it_accepts(status: int) -> None:
    assert answered(status) == Accepted(status, "")
    assert answered(status, b'{"ok": true}') == Accepted(status, '{"ok": true}')
    assert answered(status, b"", {"content-type": "text/html"}) == Accepted(status, "")


PAGES: list[tuple[bytes, dict[str, str]]] = [
    (b"Please sign in", {"content-type": "text/html"}),
    (b"Please sign in", {"content-type": "Text/HTML; charset=utf-8"}),
    (b"<x/>", {"content-type": "application/xhtml+xml"}),
    (b"<!DOCTYPE html><title>Wi-Fi</title>", {}),
    (b"\xef\xbb\xbf <!doctype  HTML>", {"content-type": "text/plain"}),
    (b"\r\n\t<html lang=en>", {}),
    (b"<HEAD>", {}),
    (b"<body onload=x>", {}),
    (b"<script>location='x'</script>", {}),
]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize(("body", "headers"), PAGES)
def test_a_page_for_people_comes_from_no_push_service(status: int, body: bytes, headers: dict[str, str]) -> None:
    outcome = answered(status, body, headers)
    assert isinstance(outcome, RetryLater)
    assert (outcome.why, outcome.status, outcome.uses_attempt) == (Why.NOT_A_PUSH_SERVICE, status, True)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_an_answer_too_long_for_a_push_service_is_none(status: int) -> None:
    outcome = answered(status, b"x" * 8192, is_cut=True)
    assert isinstance(outcome, RetryLater)
    assert outcome.why is Why.NOT_A_PUSH_SERVICE


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 399])
def test_a_redirect_is_tried_again_and_never_followed(status: int) -> None:
    outcome = answered(status, b"", {"location": "https://evil.com/", "retry-after": "9"})
    assert outcome == RetryLater(status, "", Why.REDIRECT, None, uses_attempt=True)


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_gone_is_gone(status: int) -> None:
    assert answered(status, b"gone") == SubscriptionGone(status, "gone")


REFUSED = [
    (400, b"", RefusedFor.REQUEST),
    (400, b"bad TTL", RefusedFor.REQUEST),
    (400, b'{"reason":"VapidPkHashMismatch"}', RefusedFor.VAPID),
    (400, b"UnauthorizedRegistration", RefusedFor.VAPID),
    (401, b"", RefusedFor.VAPID),
    (403, b"", RefusedFor.VAPID),
    (413, b"", RefusedFor.TOO_LARGE),
    *((status, b"", RefusedFor.REQUEST) for status in (402, 405, 406, 407, 409, 411, 415, 418, 422, 426, 451, 499)),
]


@pytest.mark.parametrize(("status", "body", "why"), REFUSED)
def test_what_is_our_fault_is_refused_and_nothing_is_deleted(status: int, body: bytes, why: RefusedFor) -> None:
    assert answered(status, body) == Refused(status, body.decode(), why)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (429, {}),
        (406, {"x-wns-status": "dropped"}),
        (406, {"x-wns-notificationstatus": "channelthrottled"}),
    ],
)
def test_who_says_slow_down_is_left_alone_for_a_minute(status: int, headers: dict[str, str]) -> None:
    assert answered(status, b"", headers) == RetryLater(status, "", Why.SLOW_DOWN, 60.0, uses_attempt=False)


@pytest.mark.parametrize("status", [406, 429])
def test_or_for_as_long_as_it_says(status: int) -> None:
    outcome = answered(status, b"", {"retry-after": "120"})
    assert outcome == RetryLater(status, "", Why.SLOW_DOWN, 120.0, uses_attempt=False)
    assert answered(429, b"", {"retry-after": "0"}) == RetryLater(429, "", Why.SLOW_DOWN, 0.0, uses_attempt=False)
    assert answered(429, b"", {"retry-after": "x"}) == RetryLater(429, "", Why.SLOW_DOWN, 60.0, uses_attempt=False)


@pytest.mark.parametrize("status", [429, 503])
def test_until_a_date_by_the_services_clock_and_not_by_ours(status: int) -> None:
    headers = {"date": "Wed, 04 Mar 2026 05:01:07 GMT", "retry-after": "Wed, 04 Mar 2026 05:05:07 GMT"}
    outcome = answered(status, b"", headers)
    assert isinstance(outcome, RetryLater)
    assert outcome.after_seconds == 240.0


@pytest.mark.parametrize(
    "status", [408, 425, 500, 501, 502, 503, 504, 507, 599, 0, 100, 103, 199, 203, 206, 299, 600, 999]
)
def test_trouble_at_theirs_is_tried_again(status: int) -> None:
    assert answered(status, b"oh") == RetryLater(status, "oh", Why.THEIR_TROUBLE, None, uses_attempt=True)
    outcome = answered(status, b"", {"retry-after": "7"})
    assert outcome == RetryLater(status, "", Why.THEIR_TROUBLE, 7.0, uses_attempt=True)


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (Trouble.TIMEOUT, Why.UNKNOWN),
        (Trouble.RESET, Why.UNKNOWN),
        (Trouble.DNS, Why.ON_THE_WAY),
        (Trouble.REFUSED, Why.ON_THE_WAY),
        (Trouble.TLS, Why.ON_THE_WAY),
        (Trouble.BAD_ANSWER, Why.ON_THE_WAY),
        (Trouble.ADDRESS_REFUSED, Why.ON_THE_WAY),
    ],
)
def test_without_an_answer_it_is_tried_again(trouble: Trouble, why: Why) -> None:
    assert classify(NoAnswer(trouble, "said so"), NOW) == RetryLater(None, "said so", why, None, uses_attempt=True)


def test_every_trouble_has_its_meaning() -> None:
    assert {type(classify(NoAnswer(trouble, "x"), NOW)) for trouble in Trouble} == {RetryLater}


HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "date", "content-type", "x-wns-status", "x-wns-error-description", "location"]),
    st.text(),
)
ANSWERS = st.builds(Answer, st.integers(-1, 1200), HEADERS, st.binary(max_size=300), st.booleans())
NO_ANSWERS = st.builds(NoAnswer, st.sampled_from(list(Trouble)), st.text())


@settings(database=None, deadline=None, max_examples=400)
@given(ANSWERS | NO_ANSWERS)
def test_whatever_comes_has_a_meaning(answer: Answer | NoAnswer) -> None:
    outcome = classify(answer, NOW)
    status = answer.status if isinstance(answer, Answer) else None
    assert outcome.status == status
    assert len(outcome.said) <= 200
    assert outcome.said.isprintable()
    assert isinstance(outcome, SubscriptionGone) == (status in (404, 410))
    assert not isinstance(outcome, Accepted) or status in (200, 201, 202, 204)
    if isinstance(outcome, RetryLater) and outcome.after_seconds is not None:
        assert 0 <= outcome.after_seconds <= 3600
