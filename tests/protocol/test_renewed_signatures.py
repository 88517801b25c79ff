"""A push service refuses our signature: it is made again once and sent once, and a key that everybody refuses is not
asked about for ever. Whatever happens, each push's outcome is said once."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocol.notebook import ACCEPTED, Notebook
from tests.protocol.test_sender import NOW, SUBSCRIPTION, push
from tests.push.service import APPLE
from webpush_app.protocol.answers import Accepted, Outcome, Refused, RefusedFor, RetryLater, SubscriptionGone
from webpush_app.protocol.sender import Push, Sender
from webpush_app.protocol.signing import Signer
from webpush_app.protocol.transport import Answer, NoAnswer, Request, Trouble
from webpush_app.protocol.vapid_keys import generate

KEY = generate()
FORBIDDEN = Answer(403, {}, b"the key is wrong", is_cut=False)
React = Callable[[Request], Answer | NoAnswer]


@pytest.fixture
def signer() -> Signer:
    return Signer(KEY, "mailto:admin@example.com", lambda: NOW)


class Service:
    """It refuses the signatures that it is told to, or all."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.refuses: Callable[[int], bool] = lambda _number: True
        """Asked with the number of the signature: the first one that came is 0."""

    def __call__(self, request: Request) -> Answer | NoAnswer:
        signature = request.headers["Authorization"]
        if signature not in self.seen:
            self.seen.append(signature)
        return FORBIDDEN if self.refuses(self.seen.index(signature)) else ACCEPTED


def only(*numbers: int) -> Callable[[int], bool]:
    return lambda number: number in numbers


class Told:
    def __init__(self) -> None:
        self.outcomes: list[tuple[int, Outcome]] = []

    def __call__(self, key: int, outcome: Outcome) -> None:
        self.outcomes.append((key, outcome))

    @property
    def times(self) -> Counter[int]:
        return Counter(key for key, _outcome in self.outcomes)

    @property
    def kinds(self) -> Counter[type]:
        return Counter(type(outcome) for _key, outcome in self.outcomes)


def sent(react: React, pushes: Iterable[Push | None], parallel: int = 8) -> tuple[Told, Notebook]:
    told, notebook = Told(), Notebook(react, parallel)
    Sender(notebook, lambda: NOW).send(pushes, told)
    assert set(told.times.values()) <= {1}
    return told, notebook


def many(count: int, signer: Signer) -> list[Push]:
    return [push(key, signer=signer) for key in range(count)]


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, b""), (403, b""), (400, b'{"reason":"VapidPkHashMismatch"}'), (400, b"UnauthorizedRegistration")],
)
def test_a_refused_signature_is_made_again_and_sent_once_more(signer: Signer, status: int, body: bytes) -> None:
    answers = iter([Answer(status, {}, body, is_cut=False), ACCEPTED])
    told, notebook = sent(lambda _request: next(answers), [push(7, signer=signer)])
    assert told.outcomes == [(7, Accepted(201, ""))]
    first, second = notebook.requests
    assert first.headers["Authorization"] != second.headers["Authorization"]
    assert second.headers["Authorization"] == signer.authorization("https://updates.push.services.mozilla.com")
    assert first.body != second.body  # encrypted anew: the same bytes are never sent twice
    assert {**first.headers, "Authorization": ""} == {**second.headers, "Authorization": ""}


def test_the_second_refusal_is_what_is_said(signer: Signer) -> None:
    answers = iter([FORBIDDEN, Answer(401, {}, b"still wrong", is_cut=False)])
    told, _notebook = sent(lambda _request: next(answers), [push(7, signer=signer)])
    assert told.outcomes == [(7, Refused(401, "still wrong", RefusedFor.VAPID))]


@pytest.mark.parametrize("status", [400, 404, 410, 413, 429, 500])
def test_what_is_refused_for_another_reason_is_sent_once(signer: Signer, status: int) -> None:
    told, notebook = sent(lambda _request: Answer(status, {}, b"", is_cut=False), many(3, signer))
    assert (len(told.outcomes), len(notebook.requests)) == (3, 3)


def test_one_new_signature_serves_all_that_were_under_way_with_the_old_one(signer: Signer) -> None:
    service = Service()
    service.refuses = only(0)
    told, notebook = sent(service, many(8, signer))
    assert told.kinds == {Accepted: 8}
    assert (len(service.seen), len(notebook.requests)) == (2, 16)


def test_a_key_that_everybody_refuses_costs_one_request_more_than_were_under_way(signer: Signer) -> None:
    told, notebook = Told(), Notebook(Service(), parallel=16)

    def until_somebody_is_refused() -> Iterator[Push]:
        for each in many(1000, signer):
            if told.outcomes:
                return
            yield each

    Sender(notebook, lambda: NOW).send(until_somebody_is_refused(), told)
    assert told.kinds == {Refused: 16}
    assert set(told.times.values()) == {1}
    assert len(notebook.requests) == 17


def test_who_goes_on_all_the_same_pays_one_request_for_each(signer: Signer) -> None:
    told, notebook = sent(Service(), many(100, signer))
    assert (told.kinds, len(notebook.requests)) == ({Refused: 100}, 101)


def test_it_is_known_in_the_next_sending_too(signer: Signer) -> None:
    told, notebook = Told(), Notebook(Service())
    sender = Sender(notebook, lambda: NOW)
    for each in many(10, signer):
        sender.send([each], told)
    assert (told.kinds, len(notebook.requests)) == ({Refused: 10}, 11)


def test_a_new_signature_that_is_accepted_restores_normal_life(signer: Signer) -> None:
    service = Service()
    told, notebook = Told(), Notebook(service)
    sender = Sender(notebook, lambda: NOW)
    sender.send(many(3, signer), told)
    assert (told.kinds, len(service.seen)) == ({Refused: 3}, 2)
    service.refuses = only(0)
    sender.send(many(3, signer), told)
    service.refuses = only(1)
    sender.send(many(3, signer), told)
    assert (told.kinds, len(service.seen)) == ({Refused: 3, Accepted: 6}, 3)
    assert len(notebook.requests) == (3 + 1) + 3 + (3 + 1)


def test_a_subscription_that_was_made_with_another_key_troubles_no_other(signer: Signer) -> None:
    """It is refused whatever it is signed with; each time that costs one request more."""

    def react(request: Request) -> Answer | NoAnswer:
        return FORBIDDEN if "/another" in request.url else ACCEPTED

    another = replace(SUBSCRIPTION, endpoint=SUBSCRIPTION.endpoint.replace("/wpush", "/another"))
    pushes = [push(key, another if key % 10 == 5 else SUBSCRIPTION, signer=signer) for key in range(50)]
    told, notebook = sent(react, pushes)
    assert told.kinds == {Accepted: 45, Refused: 5}
    assert len(notebook.requests) == 55


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (NoAnswer(Trouble.TIMEOUT, "late"), RetryLater),
        (Answer(503, {}, b"", is_cut=False), RetryLater),
        (Answer(410, {}, b"", is_cut=False), SubscriptionGone),
    ],
)
def test_no_answer_to_the_trial_is_no_refusal(signer: Signer, answer: Answer | NoAnswer, kind: type) -> None:
    answers = iter([FORBIDDEN] * 4 + [answer] + [ACCEPTED] * 3)
    told, notebook = sent(lambda _request: next(answers), many(4, signer), parallel=4)
    assert told.kinds == {kind: 1, Accepted: 3}
    assert len(notebook.requests) == 8


def test_another_origin_and_another_signer_are_not_concerned(signer: Signer) -> None:
    other = Signer(generate(), "mailto:admin@example.com", lambda: NOW)
    service, at_apple = Service(), replace(SUBSCRIPTION, endpoint=f"https://{APPLE}/x")
    service.refuses = only(0, 1)
    pushes = [push(1, signer=signer), push(2, at_apple, signer=signer), push(3, signer=other), push(4, signer=signer)]
    told, _notebook = sent(service, pushes, parallel=1)
    refused, accepted = Refused(403, "the key is wrong", RefusedFor.VAPID), Accepted(201, "")
    assert dict(told.outcomes) == {1: refused, 2: accepted, 3: accepted, 4: refused}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_is_answered_each_outcome_is_said_once(data: st.DataObject) -> None:
    signers = [Signer(KEY, "mailto:admin@example.com", lambda: NOW) for _ in range(2)]
    gone, late = Answer(410, {}, b"", is_cut=False), NoAnswer(Trouble.TIMEOUT, "late")
    answers: st.SearchStrategy[Answer | NoAnswer] = st.sampled_from([ACCEPTED, FORBIDDEN, FORBIDDEN, gone, late])
    count = data.draw(st.integers(1, 12))
    pushes: list[Push | None] = [push(key, signer=data.draw(st.sampled_from(signers))) for key in range(count)]
    for place in data.draw(st.lists(st.integers(0, count), max_size=4)):
        pushes.insert(place, None)
    told, notebook = sent(lambda _request: data.draw(answers), pushes, data.draw(st.integers(1, 6)))
    assert told.times == dict.fromkeys(range(count), 1)
    assert len(notebook.requests) <= 2 * count
