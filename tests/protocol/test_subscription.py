"""What a browser posts is either usable in every part, or refused with the field and what would be right."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.push.browser_keys import BrowserKeys, as_base64url
from webpush_app.protocol import subscription as subject
from webpush_app.protocol.encryption import CannotEncrypt, encrypt
from webpush_app.protocol.subscription import Subscription, SubscriptionRefused, read_subscription

ENDPOINT = "https://fcm.googleapis.com/fcm/send/abc:def"
KEYS = BrowserKeys.make()
P256DH, AUTH = as_base64url(KEYS.p256dh), as_base64url(KEYS.auth)

FIELDS = ("endpoint", "keys.p256dh", "keys.auth", "subscription")


def posted(**changed: Any) -> dict[str, Any]:
    """What a right browser posts, with some fields changed: p256dh, auth, or any of the outer ones."""
    keys = {"p256dh": changed.pop("p256dh", P256DH), "auth": changed.pop("auth", AUTH)}
    return {"endpoint": ENDPOINT, "expirationTime": None, "keys": keys} | changed


def outcome(data: object) -> Subscription | SubscriptionRefused:
    try:
        return read_subscription(data)
    except SubscriptionRefused as refused:
        return refused


def refusal(data: object) -> SubscriptionRefused:
    refused = outcome(data)
    assert isinstance(refused, SubscriptionRefused)
    assert refused.field in FIELDS
    assert refused.reason.startswith("must ")
    return refused


def test_what_a_browser_gives_is_read_and_can_be_encrypted_for() -> None:
    read = read_subscription(json.loads(json.dumps(KEYS.to_json(ENDPOINT))))
    assert read == Subscription(ENDPOINT, P256DH, AUTH)
    assert KEYS.decrypt(encrypt(read, b"hello")) == b"hello"


def test_more_than_is_needed_does_no_harm() -> None:
    assert read_subscription(posted(more={"deep": [1]}, expirationTime=17)) == Subscription(ENDPOINT, P256DH, AUTH)


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_standard_base64_and_padding_become_the_one_form(encode: Any) -> None:
    for _time in range(20):  # until + and / have been among them
        keys = BrowserKeys.make()
        read = read_subscription(posted(p256dh=encode(keys.p256dh).decode(), auth=encode(keys.auth).decode()))
        assert read == Subscription(ENDPOINT, as_base64url(keys.p256dh), as_base64url(keys.auth))


@pytest.mark.parametrize(
    "data", [None, True, 0, 1.5, "", "text", [], [1], [ENDPOINT], [posted()], json.dumps(posted())]
)
def test_what_is_no_object_is_no_subscription(data: object) -> None:
    assert refusal(data).field == "subscription"


@pytest.mark.parametrize("keys", [None, True, 3, "", "text", [], [P256DH, AUTH], [["p256dh", P256DH]]])
def test_keys_must_be_an_object(keys: object) -> None:
    assert refusal(posted(keys=keys)).field == "subscription"


@pytest.mark.parametrize("endpoint", [None, True, 3, "", [], [ENDPOINT], {"url": ENDPOINT}, b"https"])
def test_an_endpoint_must_be_text(endpoint: object) -> None:
    assert refusal(posted(endpoint=endpoint)).field == "endpoint"


@pytest.mark.parametrize("endpoint", ["x", "http://fcm.googleapis.com/x", "https://evil.com/x", ENDPOINT + "x" * 2048])
def test_an_endpoint_passes_the_guard(endpoint: str) -> None:
    assert refusal(posted(endpoint=endpoint)).field == "endpoint"


def test_the_setting_reaches_the_guard() -> None:
    data = posted(endpoint="https://push.example.org/x")
    assert read_subscription(data, ["push.example.org"]).endpoint == "https://push.example.org/x"
    with pytest.raises(SubscriptionRefused):
        read_subscription(data)


NOT_TEXT: list[object] = [None, True, 3, [], [P256DH], {}, {"a": 1}, b"bytes"]
NOT_BASE64: list[object] = [
    "",
    " ",
    "=",
    "====",
    "a",
    "é",
    "\0",
    "B\n",
    "BPx-_!",
    "B P",
    "Ü" * 87,
    "A" * 201,
    "A" * 100_000,
    "\ud800",
]


@pytest.mark.parametrize("given_value", NOT_TEXT + NOT_BASE64)
@pytest.mark.parametrize("field", ["p256dh", "auth"])
def test_each_key_must_be_base64url_text(field: str, given_value: object) -> None:
    assert refusal(posted(**{field: given_value})).field == f"keys.{field}"


@pytest.mark.parametrize("field", ["endpoint", "keys"])
def test_nothing_may_be_missing_outside(field: str) -> None:
    data = posted()
    del data[field]
    assert refusal(data).field in (field, "subscription")


@pytest.mark.parametrize("field", ["p256dh", "auth"])
def test_nothing_may_be_missing_inside(field: str) -> None:
    data = posted()
    del data["keys"][field]
    assert refusal(data).field == f"keys.{field}"


@pytest.mark.parametrize("inside", ["A{}", "{}A", " {}", "{} ", "{}\n", "{}=x", "{}==="])
@pytest.mark.parametrize("field", ["p256dh", "auth"])
def test_nothing_may_stand_around_a_key(field: str, inside: str) -> None:
    right = {"p256dh": P256DH, "auth": AUTH}[field]
    assert refusal(posted(**{field: inside.format(right)})).field == f"keys.{field}"


def test_a_character_too_few_is_said_to_be_missing() -> None:
    for text in ("A", P256DH + "AA", AUTH + "AAA"):
        assert "a character missing or too many" in refusal(posted(auth=text)).reason


def changed_point(x: bytes, y: bytes) -> bytes:
    return b"\4" + x + y


X, Y = KEYS.p256dh[1:33], KEYS.p256dh[33:]
POINTS = {
    "off the curve": changed_point(X, bytes([Y[0] ^ 1]) + Y[1:]),
    "nought": changed_point(bytes(32), bytes(32)),
    "too large for the field": changed_point(b"\xff" * 32, b"\xff" * 32),
    "compressed": bytes([2 + Y[-1] % 2]) + X,
    "compressed and filled up": bytes([2 + Y[-1] % 2]) + X + bytes(32),
    "hybrid": bytes([6 + Y[-1] % 2]) + X + Y,
    "at infinity": b"\0",
    "at infinity and filled up": bytes(65),
    "without its first byte": X + Y,
    "one byte short": KEYS.p256dh[:-1],
    "one byte long": KEYS.p256dh + b"\0",
}


@pytest.mark.parametrize("how", POINTS)
def test_a_point_that_nobody_can_encrypt_for_is_refused(how: str) -> None:
    refused = refusal(posted(p256dh=as_base64url(POINTS[how])))
    assert refused.field == "keys.p256dh"
    if len(POINTS[how]) == 65:
        is_uncompressed = POINTS[how][0] == 4
        assert ("on the curve" if is_uncompressed else "uncompressed") in refused.reason


@pytest.mark.parametrize("length", [1, 15, 17, 32])
def test_the_auth_secret_has_sixteen_bytes(length: int) -> None:
    refused = refusal(posted(auth=as_base64url(bytes(length))))
    assert (refused.field, str(length) in refused.reason) == ("keys.auth", True)


def test_a_trial_is_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_subscription: object, _payload: bytes) -> bytes:
        raise CannotEncrypt

    monkeypatch.setattr(subject, "encrypt", fails)
    assert refusal(posted()).field == "subscription"


def test_nothing_of_it_is_shown_in_logs() -> None:
    assert repr(read_subscription(posted())) == "Subscription()"
    assert P256DH not in str(refusal(posted(auth=P256DH)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
KEYED = st.fixed_dictionaries({}, optional={"p256dh": JSON | st.just(P256DH), "auth": JSON | st.just(AUTH)})
SHAPED = st.fixed_dictionaries({}, optional={"endpoint": JSON | st.just(ENDPOINT), "keys": JSON | KEYED})


@settings(database=None, deadline=None, max_examples=300)
@given(JSON | SHAPED)
def test_whatever_is_posted_is_read_or_refused(data: object) -> None:
    assert outcome(data) == Subscription(ENDPOINT, P256DH, AUTH) or refusal(data)


@settings(database=None, deadline=None)
@given(st.binary(min_size=65, max_size=65).map(lambda data: b"\4" + data[1:]))
def test_a_point_made_up_is_nearly_never_on_the_curve_and_never_breaks_anything(point: bytes) -> None:
    data = posted(p256dh=as_base64url(point))
    assert isinstance(outcome(data), Subscription) or refusal(data).field == "keys.p256dh"
