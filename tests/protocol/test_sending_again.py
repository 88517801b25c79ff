"""A push is to be sent again, and something comes in between: nothing else to send, an error, the end. Its outcome is
said once all the same."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest

from tests.protocol.notebook import Notebook
from tests.protocol.test_renewed_signatures import KEY, Service, Told, many, only
from tests.protocol.test_sender import NOW, SUBSCRIPTION, push
from tests.push.service import APPLE
from webpush_app.protocol import encryption, sender
from webpush_app.protocol.answers import Accepted, Outcome, RetryLater
from webpush_app.protocol.encryption import EncryptionBroken
from webpush_app.protocol.sender import Push, Sender
from webpush_app.protocol.signing import Signer
from webpush_app.protocol.subscription import Subscription


@pytest.fixture
def signer() -> Signer:
    return Signer(KEY, "mailto:admin@example.com", lambda: NOW)


def test_it_is_sent_again_while_there_is_nothing_else_to_send(signer: Signer) -> None:
    service, told = Service(), Told()
    service.refuses = only(0)

    def pushes() -> Iterator[Push | None]:
        yield from many(3, signer)
        while len(told.outcomes) < 3:
            yield None
        yield None

    Sender(Notebook(service, 8), lambda: NOW).send(pushes(), told)
    assert told.kinds == {Accepted: 3}


def test_an_error_of_the_caller_waits_until_it_is_sent_again(signer: Signer) -> None:
    service, told = Service(), Told()
    service.refuses = only(0)

    def failing() -> Iterator[Push]:
        yield from many(3, signer)
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        Sender(Notebook(service, 8), lambda: NOW).send(failing(), told)
    assert told.kinds == {Accepted: 3}


@pytest.mark.parametrize("fails_at", range(8))
def test_what_cannot_be_told_ends_the_sending_and_the_others_are_told(signer: Signer, fails_at: int) -> None:
    told, service = Told(), Service()
    service.refuses = only(0, 1)

    def said(key: int, outcome: Outcome) -> None:
        told(key, outcome)
        if len(told.outcomes) == fails_at + 1:
            raise LookupError("cannot be kept")

    one = Sender(Notebook(service, 8), lambda: NOW)
    with pytest.raises(LookupError, match="cannot be kept"):
        one.send(many(8, signer), said)
    assert told.times == dict.fromkeys(range(8), 1)
    one.send([push(9, signer=signer)], told)
    assert told.times[9] == 1


@pytest.mark.parametrize("broken", [1, 3, 8])
def test_who_cannot_be_encrypted_for_a_second_time_leaves_the_trial_to_the_next(
    signer: Signer, monkeypatch: pytest.MonkeyPatch, broken: int
) -> None:
    """Else those that wait for its answer would wait for ever, and take the places of all others."""
    service, told, encrypted = Service(), Told(), count(1)
    service.refuses = only(0)

    def encrypt(keys: Subscription, payload: bytes) -> bytes:
        if 8 < next(encrypted) <= 8 + broken:
            raise EncryptionBroken
        return encryption.encrypt(keys, payload)

    monkeypatch.setattr(sender, "encrypt", encrypt)
    Sender(Notebook(service, 8), lambda: NOW).send(many(8, signer), told)
    assert told.times == dict.fromkeys(range(8), 1)
    assert told.kinds == +Counter({RetryLater: broken, Accepted: 8 - broken})


def test_what_cannot_be_sent_again_any_more_keeps_its_first_answer(signer: Signer) -> None:
    told, service, at_apple = Told(), Service(), replace(SUBSCRIPTION, endpoint=f"https://{APPLE}/x")
    service.refuses = only(0)

    def said(key: int, outcome: Outcome) -> None:
        told(key, outcome)
        if key == 9:
            raise LookupError("cannot be kept")

    with pytest.raises(LookupError, match="cannot be kept"):
        Sender(Notebook(service, 8), lambda: NOW).send([*many(4, signer), push(9, at_apple, signer=signer)], said)
    assert told.times == dict.fromkeys([0, 1, 2, 3, 9], 1)
