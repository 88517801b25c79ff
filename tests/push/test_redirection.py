"""Our own sender, guards and TLS included, reaches the tests' push service under a real push service's name: by either
transport, and over either version of HTTP."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.push import certificate
from tests.push.by_hand import SUBJECT, TEXT
from tests.push.listener import BOTH, ONLY_HTTP_1_1, Garbage, Odd, Reaction, Reply
from tests.push.redirection import TransportOptions
from tests.push.service import APPLE, GOOGLE, MOZILLA, WINDOWS, PushService, Subscribed
from webpush_app.protocol import vapid_keys
from webpush_app.protocol.answers import Accepted, Outcome, RetryLater, SubscriptionGone, Why
from webpush_app.protocol.sender import Push, Sender
from webpush_app.protocol.signing import Signer
from webpush_app.protocol.subscription import read_subscription
from webpush_app.protocol.transports import transport_named

KEY = vapid_keys.generate()


WAYS = {"requests": BOTH, "libcurl": BOTH, "libcurl over HTTP/1.1": ONLY_HTTP_1_1}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def service(tmp_path: Path, way: str) -> Iterator[PushService]:
    with PushService(tmp_path, protocols=WAYS[way]) as service:
        yield service


def send_to(subscribed: Subscribed, options: TransportOptions, way: str) -> Outcome:
    transport = transport_named(way.partition(" ")[0])(**options, deadline_seconds=1.0)
    outcomes: list[Outcome] = []
    with closing(Sender(transport)) as sender:
        signer = Signer(KEY, SUBJECT)
        push = Push(1, read_subscription(subscribed.to_json()), TEXT.encode(), ttl_seconds=60, signer=signer)
        sender.send([push], lambda _key, outcome: outcomes.append(outcome))
    [outcome] = outcomes
    return outcome


@pytest.mark.parametrize("host", [MOZILLA, GOOGLE, APPLE, WINDOWS])
def test_our_own_sender_reaches_it_under_a_real_name(service: PushService, way: str, host: str) -> None:
    subscribed = service.subscribe(KEY.public, host)
    assert isinstance(send_to(subscribed, service.transport_options(), way), Accepted)
    assert [received.text for received in subscribed.wait_for(1)] == [TEXT]
    assert service.refusals == []


@pytest.mark.parametrize("reaction", [Odd.HANG, Odd.RESET])
def test_a_bad_answer_leaves_open_whether_the_push_arrived(service: PushService, way: str, reaction: Reaction) -> None:
    subscribed = service.subscribe(KEY.public)
    subscribed.answer_with(reaction)
    outcome = send_to(subscribed, service.transport_options(), way)
    assert isinstance(outcome, RetryLater)
    assert outcome.why is Why.UNKNOWN
    assert len(subscribed.received) == 1


def test_garbage_is_not_taken_for_a_yes(service: PushService, way: str) -> None:
    subscribed = service.subscribe(KEY.public)
    subscribed.answer_with(Garbage(b"220 mail.example.com ESMTP\r\n"))
    outcome = send_to(subscribed, service.transport_options(), way)
    assert isinstance(outcome, RetryLater)


def test_what_it_is_told_to_answer_arrives(service: PushService, way: str) -> None:
    subscribed = service.subscribe(KEY.public)
    subscribed.answer_with(429, headers={"Retry-After": "7"}, body=b"slow down")
    slow_down = RetryLater(429, "slow down", Why.SLOW_DOWN, 7.0, uses_attempt=False)
    assert send_to(subscribed, service.transport_options(), way) == slow_down
    subscribed.answer_with(Reply(202, after_seconds=0.3), 201)
    assert send_to(subscribed, service.transport_options(), way) == Accepted(202, "")
    subscribed.unsubscribe()
    assert isinstance(send_to(subscribed, service.transport_options(), way), SubscriptionGone)
    assert service.troubles == []


def test_who_trusts_another_authority_sends_nothing(service: PushService, way: str, tmp_path: Path) -> None:
    (tmp_path / "another").mkdir()
    another = certificate.make(tmp_path / "another", ["localhost"])
    options = service.transport_options()
    options["ca_file"] = str(another.ca_file)
    outcome = send_to(service.subscribe(KEY.public), options, way)
    assert isinstance(outcome, RetryLater)
    assert outcome.why is Why.ON_THE_WAY
    assert (service.received, service.connections) == ([], 1)


def test_a_name_that_is_not_in_the_certificate_is_not_spoken_to(service: PushService, way: str) -> None:
    subscribed = service.subscribe(KEY.public, "updates.other.push.services.mozilla.com")
    outcome = send_to(subscribed, service.transport_options(), way)
    assert isinstance(outcome, RetryLater)
    assert (outcome.why, service.received) == (Why.ON_THE_WAY, [])


def test_no_other_address_may_be_called(service: PushService) -> None:
    is_allowed = service.transport_options()["rule"]
    assert is_allowed("127.0.0.1")
    assert not [address for address in ("127.0.0.2", "::1", "10.0.0.1", "8.8.8.8") if is_allowed(address)]
