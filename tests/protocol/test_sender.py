"""Pushes are encrypted and signed when the transport can take them, and each one's outcome comes back with its key."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from unittest.mock import ANY

import pytest

from tests.protocol.conftest import MakeTransport, Names
from tests.protocol.notebook import Notebook
from tests.push import verifier
from tests.push.browser_keys import BrowserKeys, as_base64url
from tests.push.service import APPLE, GOOGLE, MOZILLA, PushService, Subscribed
from webpush_app.protocol.answers import Accepted, Outcome, Refused, RefusedFor, RetryLater, SubscriptionGone, Why
from webpush_app.protocol.message import Message, Urgency, to_payload
from webpush_app.protocol.sender import Push, Sender
from webpush_app.protocol.signing import Signer
from webpush_app.protocol.subscription import Subscription, read_subscription
from webpush_app.protocol.transport import NoAnswer, Transport, Trouble
from webpush_app.protocol.vapid_keys import generate

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
KEY = generate()
SIGNER = Signer(KEY, "mailto:admin@example.com", lambda: NOW)
BROWSER = BrowserKeys.make()
SUBSCRIPTION = Subscription(
    f"https://{MOZILLA}:443/wpush/v2/x", as_base64url(BROWSER.p256dh), as_base64url(BROWSER.auth)
)
OFF_CURVE = replace(SUBSCRIPTION, p256dh=as_base64url(b"\4" + b"\1" * 64))


def sender_over(transport: Transport) -> Sender:
    return Sender(transport, lambda: NOW)


def sent(transport: Transport, pushes: Iterable[Push | None]) -> list[tuple[int, Outcome]]:
    """What became of each, in the order in which it was said."""
    outcomes: list[tuple[int, Outcome]] = []
    sender_over(transport).send(pushes, lambda key, outcome: outcomes.append((key, outcome)))
    return outcomes


def push(key: int = 1, subscription: Subscription = SUBSCRIPTION, **given: object) -> Push:
    usual = Push(key, subscription, b"hello", ttl_seconds=3600, signer=SIGNER, urgency=Urgency.HIGH, topic="a" * 32)
    return replace(usual, **given)  # type: ignore[arg-type]


def test_a_push_is_what_a_strict_service_takes() -> None:
    notebook = Notebook()
    assert sent(notebook, [push(7)]) == [(7, Accepted(201, ""))]
    [request] = notebook.requests
    verifier.verify_headers(request.headers)
    verifier.verify_body(request.body)
    claims = verifier.verify_vapid(request.headers["Authorization"], request.url, KEY.public, NOW.timestamp())
    assert claims.audience == f"https://{MOZILLA}"
    assert BROWSER.decrypt(request.body) == b"hello"
    assert request.url == SUBSCRIPTION.endpoint
    del claims
    assert {name: value for name, value in request.headers.items() if name != "Authorization"} == {
        "TTL": "3600",
        "Urgency": "high",
        "Topic": "a" * 32,
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
    }


@pytest.mark.parametrize(("ttl", "said"), [(-5, "1"), (0, "1"), (1, "1"), (2419200, "2419200"), (2419201, "2419200")])
def test_the_time_to_live_is_never_nought_and_at_most_four_weeks(ttl: int, said: str) -> None:
    notebook = Notebook()
    sent(notebook, [push(ttl_seconds=ttl)])
    assert notebook.requests[0].headers["TTL"] == said


def test_without_a_topic_there_is_no_such_header() -> None:
    notebook = Notebook()
    sent(notebook, [push(topic=None)])
    assert "Topic" not in notebook.requests[0].headers


@pytest.mark.parametrize("topic", ["", "a" * 33, "a" * 29, "a", "a/b+", "YQ==", "ab\r\nX: y", "é" * 4])
def test_a_topic_that_services_refuse_cannot_be_given(topic: str) -> None:
    with pytest.raises(ValueError, match="A topic is base64url"):
        push(topic=topic)


def test_what_cannot_be_sent_is_refused_and_the_others_go_on() -> None:
    notebook = Notebook()
    pushes = [
        push(1),
        push(2, OFF_CURVE),
        push(3, payload=b"x" * 3994),
        push(4, replace(SUBSCRIPTION, endpoint="http://127.0.0.1/secret")),
        push(5, payload=b""),
        push(6),
    ]
    outcomes = dict(sent(notebook, pushes))
    assert sorted(outcomes) == [1, 2, 3, 4, 5, 6]
    assert outcomes[1] == outcomes[6] == Accepted(201, "")
    assert outcomes[5] == RetryLater(None, ANY, Why.OUR_ENCRYPTION, uses_attempt=False), "no browser's fault"
    refused = [outcome for outcome in outcomes.values() if isinstance(outcome, Refused)]
    whys = [RefusedFor.KEYS, RefusedFor.TOO_LARGE, RefusedFor.REQUEST]
    assert sorted(outcome.why for outcome in refused) == sorted(whys)
    assert {outcome.status for outcome in refused} == {None}
    assert not any("secret" in outcome.said for outcome in refused)
    assert len(notebook.requests) == 2


def test_refused_ones_are_told_at_once_even_if_nothing_is_sent() -> None:
    told: list[int] = []

    def pushes() -> Iterator[Push | None]:
        for key in range(3):
            yield push(key, OFF_CURVE)
            assert told == list(range(key + 1))
            yield None

    sender_over(Notebook()).send(pushes(), lambda key, _outcome: told.append(key))
    assert told == [0, 1, 2]


def test_a_push_is_encrypted_only_when_the_transport_takes_it() -> None:
    pulled: list[int] = []
    told: list[int] = []

    def pushes() -> Iterator[Push]:
        for key in range(100):
            pulled.append(key)
            assert len(pulled) <= len(told) + 4
            yield push(key)

    sender_over(Notebook(parallel=4)).send(pushes(), lambda key, _outcome: told.append(key))
    assert pulled == told == list(range(100))


def test_nothing_to_send_now_is_handed_on() -> None:
    outcomes = sent(Notebook(parallel=4), [None, push(1), None, None, push(2), None])
    assert [key for key, _outcome in outcomes] == [1, 2]


def test_an_error_of_the_caller_comes_after_the_outcomes() -> None:
    def failing() -> Iterator[Push]:
        yield push(1)
        yield push(2)
        raise LookupError("no more")

    told: list[int] = []
    with pytest.raises(LookupError, match="no more"):
        sender_over(Notebook(parallel=4)).send(failing(), lambda key, _outcome: told.append(key))
    assert told == [1, 2]


def test_one_signature_serves_all_pushes_to_an_origin() -> None:
    notebook = Notebook()
    sent(notebook, (push(key) for key in range(10)))
    assert len({request.headers["Authorization"] for request in notebook.requests}) == 1
    assert len({request.body for request in notebook.requests}) == 10


def test_several_keys_may_be_in_use() -> None:
    notebook, other = Notebook(), Signer(generate(), "mailto:admin@example.com", lambda: NOW)
    sent(notebook, [push(1), push(2, signer=other), push(3)])
    first, second, third = (request.headers["Authorization"] for request in notebook.requests)
    assert first == third == SIGNER.authorization(f"https://{MOZILLA}")
    assert second == other.authorization(f"https://{MOZILLA}")


def test_no_answer_is_an_outcome_too() -> None:
    notebook = Notebook(lambda _request: NoAnswer(Trouble.RESET, "cut"))
    assert sent(notebook, [push(3)]) == [(3, RetryLater(None, "cut", Why.UNKNOWN))]


def test_waking_and_closing_are_handed_on() -> None:
    notebook = Notebook()
    sender = sender_over(notebook)
    sender.wake()
    sender.close()
    assert notebook.ended == ["sleep", "transport"]


def test_nothing_of_a_push_is_shown_in_logs() -> None:
    assert "hello" not in repr(push())
    assert MOZILLA not in repr(push())


@pytest.fixture
def push_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushService]:
    with PushService(tmp_path_factory.mktemp("push")) as running:
        yield running


def test_browsers_of_three_makers_are_reached_over_a_real_connection(
    push_service: PushService, make_transport: MakeTransport
) -> None:
    transport = make_transport(resolve=Names(push_service.address), ca_file=str(push_service.ca_file))
    signer = Signer(KEY, "mailto:admin@example.com")
    browsers: dict[int, Subscribed] = {
        number: push_service.subscribe(KEY.public, host) for number, host in enumerate((MOZILLA, GOOGLE, APPLE))
    }
    browsers[2].unsubscribe()
    payload = to_payload(Message("susan", "Dinner? 저녁 🍲"))
    outcomes = dict(
        sent(
            transport,
            (
                push(key, read_subscription(browser.to_json()), payload=payload, signer=signer)
                for key, browser in browsers.items()
            ),
        )
    )
    assert push_service.refusals[1:] == []
    assert {key: type(outcome) for key, outcome in outcomes.items()} == {0: Accepted, 1: Accepted, 2: SubscriptionGone}
    for key in (0, 1):
        [received] = browsers[key].wait_for(1)
        assert received.json() == {"title": "susan", "body": "Dinner? 저녁 🍲"}


def test_a_key_that_the_subscription_was_not_made_with_is_refused(
    push_service: PushService, make_transport: MakeTransport
) -> None:
    transport = make_transport(resolve=Names(push_service.address), ca_file=str(push_service.ca_file))
    browser = push_service.subscribe(generate().public)
    signer = Signer(KEY, "mailto:admin@example.com")
    [(_key, outcome)] = sent(transport, [push(1, read_subscription(browser.to_json()), signer=signer)])
    assert isinstance(outcome, Refused)
    assert (outcome.status, outcome.why) == (403, RefusedFor.VAPID)
