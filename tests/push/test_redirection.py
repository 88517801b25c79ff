"""Our own sender, guards and TLS included, reaches the tests' push service under a real push service's name."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.push import certificate
from tests.push.by_hand import SUBJECT, TEXT
from tests.push.listener import Garbage, Odd, Reaction
from tests.push.redirection import TransportOptions
from tests.push.service import APPLE, GOOGLE, MOZILLA, WINDOWS, PushService, Subscribed
from webpush_app.protocol import vapid_keys
from webpush_app.protocol.answers import Accepted, Outcome, RetryLater, Why
from webpush_app.protocol.requests_transport import RequestsTransport
from webpush_app.protocol.sender import Push, Sender
from webpush_app.protocol.signing import Signer
from webpush_app.protocol.subscription import read_subscription

KEY = vapid_keys.generate()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[PushService]:
    with PushService(tmp_path) as service:
        yield service


def send_to(subscribed: Subscribed, options: TransportOptions) -> Outcome:
    transport = RequestsTransport(**options, deadline_seconds=1.0)
    outcomes: list[Outcome] = []
    with closing(Sender(transport)) as sender:
        signer = Signer(KEY, SUBJECT)
        push = Push(1, read_subscription(subscribed.to_json()), TEXT.encode(), ttl_seconds=60, signer=signer)
        sender.send([push], lambda _key, outcome: outcomes.append(outcome))
    [outcome] = outcomes
    return outcome


@pytest.mark.parametrize("host", [MOZILLA, GOOGLE, APPLE, WINDOWS])
def test_our_own_sender_reaches_it_under_a_real_name(service: PushService, host: str) -> None:
    subscribed = service.subscribe(KEY.public, host)
    assert isinstance(send_to(subscribed, service.transport_options()), Accepted)
    assert [received.text for received in subscribed.wait_for(1)] == [TEXT]
    assert service.refusals == []


@pytest.mark.parametrize("reaction", [Odd.HANG, Odd.RESET])
def test_a_bad_answer_leaves_open_whether_the_push_arrived(service: PushService, reaction: Reaction) -> None:
    subscribed = service.subscribe(KEY.public)
    subscribed.answer_with(reaction)
    outcome = send_to(subscribed, service.transport_options())
    assert isinstance(outcome, RetryLater)
    assert outcome.why is Why.UNKNOWN
    assert len(subscribed.received) == 1


def test_garbage_is_not_taken_for_a_yes(service: PushService) -> None:
    subscribed = service.subscribe(KEY.public)
    subscribed.answer_with(Garbage(b"220 mail.example.com ESMTP\r\n"))
    outcome = send_to(subscribed, service.transport_options())
    assert isinstance(outcome, RetryLater)


def test_who_trusts_another_authority_sends_nothing(service: PushService, tmp_path: Path) -> None:
    (tmp_path / "another").mkdir()
    another = certificate.make(tmp_path / "another", ["localhost"])
    options = service.transport_options()
    options["ca_file"] = str(another.ca_file)
    outcome = send_to(service.subscribe(KEY.public), options)
    assert isinstance(outcome, RetryLater)
    assert outcome.why is Why.ON_THE_WAY
    assert (service.received, len(service.troubles)) == ([], 1)


def test_a_name_that_is_not_in_the_certificate_is_not_spoken_to(service: PushService) -> None:
    subscribed = service.subscribe(KEY.public, "updates.other.push.services.mozilla.com")
    outcome = send_to(subscribed, service.transport_options())
    assert isinstance(outcome, RetryLater)
    assert (outcome.why, service.received) == (Why.ON_THE_WAY, [])


def test_no_other_address_may_be_called(service: PushService) -> None:
    is_allowed = service.transport_options()["rule"]
    assert is_allowed("127.0.0.1")
    assert not [address for address in ("127.0.0.2", "::1", "10.0.0.1", "8.8.8.8") if is_allowed(address)]
