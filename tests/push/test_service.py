"""The tests' push service says no to whatever a real one would refuse, and takes what pywebpush makes."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from pywebpush import webpush

from tests.push import by_hand, faults
from tests.push.browser_keys import BrowserKeys
from tests.push.by_hand import SUBJECT, TEXT, Push, encrypted, public_text, right_claims, token
from tests.push.service import APPLE, GOOGLE, MOZILLA, WINDOWS, PushService, Subscribed


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushService]:
    with PushService(tmp_path_factory.mktemp("push")) as service:
        yield service
        assert service.troubles == []


@pytest.fixture(scope="module")
def session(service: PushService) -> Iterator[requests.Session]:
    with by_hand.session_to(service) as session:
        yield session


@pytest.fixture(scope="module")
def vapid() -> Any:
    return by_hand.new_key()


@pytest.fixture
def subscribed(service: PushService, vapid: Any) -> Subscribed:
    service.refusals.clear()
    return service.subscribe(public_text(vapid))


@pytest.fixture
def push(session: requests.Session, subscribed: Subscribed, vapid: Any) -> Push:
    return Push.make(session, subscribed, vapid)


def signed(push: Push, claims: dict[str, Any]) -> str:
    """A right Authorization but for these claims."""
    exp = claims.get("exp")
    if isinstance(exp, int | float) and not isinstance(exp, bool):
        claims = {"exp": time.time() + exp}
    wanted = {name: value for name, value in {**right_claims(push.subscribed), **claims}.items() if value is not None}
    return f"vapid t={token(push.vapid, wanted, faults.HEADER)}, k={public_text(push.vapid)}"


def test_a_right_push_is_taken_and_decrypted(subscribed: Subscribed, push: Push) -> None:
    answer = push.post()
    assert (answer.status_code, answer.headers["TTL"]) == (201, "60")
    assert answer.headers["Location"].startswith(f"https://{MOZILLA}/m/")
    [received] = subscribed.wait_for(1)
    assert (received.text, received.endpoint, received.is_accepted) == (TEXT, subscribed.endpoint, True)
    assert received.json()["title"] == "susan"
    assert (received.headers["topic"], received.claims.subject) == ("a" * 32, SUBJECT)
    assert subscribed.service.refusals == []


@pytest.mark.parametrize("host", [MOZILLA, GOOGLE, APPLE, WINDOWS])
def test_what_pywebpush_itself_sends_is_taken(
    service: PushService, session: requests.Session, vapid: Any, host: str
) -> None:
    subscribed = service.subscribe(public_text(vapid), host)
    answer = webpush(
        subscribed.to_json(),
        TEXT,
        vapid_private_key=vapid,
        vapid_claims={"sub": SUBJECT},
        ttl=60,
        headers={"Content-Type": "application/octet-stream"},
        requests_session=session,
    )
    assert isinstance(answer, requests.Response)
    assert answer.status_code == 201
    assert [received.text for received in subscribed.wait_for(1)] == [TEXT]


@pytest.mark.parametrize(("claims", "reason"), faults.CLAIMS)
def test_a_wrong_claim_is_refused(push: Push, claims: dict[str, Any], reason: str) -> None:
    push.headers["Authorization"] = signed(push, claims)
    push.check_refused(403, reason)


@pytest.mark.parametrize("claims", faults.UNUSUAL_CLAIMS)
def test_an_unusual_but_right_claim_is_taken(push: Push, claims: dict[str, Any]) -> None:
    push.headers["Authorization"] = signed(push, claims)
    assert push.post().status_code == 201


@pytest.mark.parametrize(("authorization", "status", "reason"), faults.AUTHORIZATIONS)
def test_a_wrong_authorization_is_refused(push: Push, authorization: str, status: int, reason: str) -> None:
    given = authorization.format(**faults.tokens(push.subscribed, push.vapid, by_hand.new_key()))
    push.set_header("Authorization", given or None)
    push.check_refused(status, reason)


@pytest.mark.parametrize(("key", "reason"), faults.KEYS)
def test_a_key_that_is_none_is_refused_even_where_any_key_will_do(
    session: requests.Session, subscribed: Subscribed, vapid: Any, key: str, reason: str
) -> None:
    open_to_all = subscribed.service.subscribe(None)
    push = Push.make(session, open_to_all, vapid)
    assert push.post().status_code == 201
    open_to_all.received.clear()
    right, _, _ = push.headers["Authorization"].partition("k=")
    push.headers["Authorization"] = f"{right}k={key}"
    push.check_refused(403, reason)


@pytest.mark.parametrize(("name", "value", "reason"), faults.HEADERS)
def test_a_wrong_header_is_refused(push: Push, name: str, value: str | None, reason: str) -> None:
    push.set_header(name, value)
    push.check_refused(400, reason)


@pytest.mark.parametrize(("name", "value"), faults.UNUSUAL_HEADERS)
def test_an_unusual_but_right_header_is_taken(push: Push, name: str, value: str | None) -> None:
    push.set_header(name, value)
    assert push.post().status_code == 201


def test_a_body_of_4096_bytes_is_taken_and_a_longer_one_is_too_large(subscribed: Subscribed, push: Push) -> None:
    push.body = encrypted(subscribed, b"x" * 3993)
    assert (len(push.body), push.post().status_code) == (4096, 201)
    subscribed.received.clear()
    push.body = encrypted(subscribed, b"x" * 3994)
    push.check_refused(413, "the body is longer than 4096 bytes")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda _: b"", "the body is empty"),
        (lambda body: body[:80], "the body cannot be decrypted: the body is too short to be a push"),
        (
            lambda body: b"x" * len(body),
            "the body cannot be decrypted: the body does not begin with an uncompressed public key",
        ),
        (
            lambda body: body[:16] + (64).to_bytes(4, "big") + body[20:],
            "the body cannot be decrypted: the body has more than one record",
        ),
        (
            lambda body: body[:-1] + bytes([body[-1] ^ 1]),
            "the body cannot be decrypted: Decryption error: InvalidTag()",
        ),
    ],
)
def test_a_spoiled_body_is_refused(push: Push, spoil: Callable[[bytes], bytes], reason: str) -> None:
    push.body = spoil(push.body)
    push.check_refused(400, reason)


def test_a_body_for_another_browser_is_refused(subscribed: Subscribed, push: Push) -> None:
    another = subscribed.service.subscribe(None)
    for keys in (another.keys, BrowserKeys(subscribed.keys.private, another.keys.auth)):
        subscribed.service.refusals.clear()
        another.keys = keys
        push.body = encrypted(another, b"not for you")
        reason = "the body cannot be decrypted: Decryption error: InvalidTag()"
        push.check_refused(400, reason)


def test_a_text_that_is_not_utf_8_is_refused(subscribed: Subscribed, push: Push) -> None:
    push.body = encrypted(subscribed, b"\xff")
    push.check_refused(400, "the text is not UTF-8")


def test_an_endpoint_that_was_never_handed_out_is_not_found(subscribed: Subscribed, push: Push) -> None:
    push.endpoint = subscribed.endpoint[:-1]
    push.check_refused(404, "there is no such subscription")
    push.endpoint = subscribed.endpoint.replace(MOZILLA, GOOGLE)
    assert push.post().status_code == 404


def test_a_subscription_that_was_given_up_is_gone(subscribed: Subscribed, push: Push) -> None:
    subscribed.unsubscribe()
    push.check_refused(410, "the subscription is gone")


def test_only_a_post_is_a_push(session: requests.Session, subscribed: Subscribed, push: Push) -> None:
    assert session.get(push.endpoint, headers=push.headers, timeout=5).status_code == 405
    assert [refusal.status for refusal in subscribed.service.refusals] == [405]
