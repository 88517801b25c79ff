"""What goes wrong on our own side, between taking a push and writing down what became of it: nothing is lost by it."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import pytest

from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from webpush_app.database import begin_write, busy
from webpush_app.delivery import dispatcher, policy, settling, taking
from webpush_app.delivery.dispatcher import Dispatcher
from webpush_app.delivery.happened import Answered
from webpush_app.delivery.models import State
from webpush_app.errors import DatabaseBusy
from webpush_app.protocol.answers import Accepted
from webpush_app.protocol.transport import Answer, NoAnswer, Request

SUSAN = 1


@pytest.fixture
def devices(people: People, outgoing: Outgoing) -> list[Device]:
    people("susan")
    made = [outgoing.device(SUSAN) for _ in range(3)]
    people.write(people("john"), SUSAN, "hello")
    return made


def test_what_cannot_be_prepared_is_handed_back_and_nobody_died_of_it(
    outgoing: Outgoing, devices: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "prepare", lambda *_: 1 / 0)
    for _ in range(4):
        with pytest.raises(ZeroDivisionError):
            outgoing.deliver_batch()
    assert {(row.state, row.attempts, row.crashes, row.lease_token) for row in outgoing.rows()} == {
        (State.QUEUED, 0, 0, None)
    }
    monkeypatch.undo()
    assert outgoing.deliver() == len(devices)


def test_an_answer_that_cannot_be_written_down_takes_no_other_with_it(
    outgoing: Outgoing, devices: list[Device], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settled = policy.settled

    def not_that_one(one: Answered, **given: Any) -> object:
        return 1 / 0 if one.row.subscription_id == devices[1].id else settled(one, **given)

    monkeypatch.setattr(policy, "settled", not_that_one)
    outgoing.deliver_batch()
    by_browser = {row.subscription_id: row.state for row in outgoing.rows()}
    assert [by_browser[device.id] for device in devices] == [State.ACCEPTED, State.SENDING, State.ACCEPTED]
    assert "answer_not_written" in caplog.text


def test_a_database_that_is_busy_for_a_moment_is_asked_again(
    outgoing: Outgoing, devices: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[bool]()

    def busy_at_first() -> None:
        asked.append(len(asked) % 2 == 1)
        if not asked[-1]:
            raise busy.nothing_saved()
        begin_write()

    monkeypatch.setattr(settling, "begin_write", busy_at_first)
    outgoing.deliver_batch()
    assert outgoing.states() == [State.ACCEPTED] * len(devices)


def test_while_the_database_is_busy_answers_are_kept(
    outgoing: Outgoing, devices: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_down = settling.write_down
    refused = 0

    def busy_at_first(happened: Sequence[Any]) -> int:
        nonlocal refused
        if refused < 3:
            refused += 1
            raise busy.nothing_saved()
        return write_down(happened)

    monkeypatch.setattr(dispatcher, "write_down", busy_at_first)
    with outgoing.app.app_context():
        outgoing.dispatcher.take()
        outgoing.dispatcher.send(until_empty=True)
        for _ in range(3):
            with pytest.raises(DatabaseBusy):
                outgoing.dispatcher.settle()
        assert outgoing.dispatcher.settle() == len(devices) + 2, "and that our key is taken, and the service well"
    assert outgoing.states() == [State.ACCEPTED] * len(devices)
    assert [len(device.subscribed.received) for device in devices] == [1] * len(devices)


class Breaking:
    """A transport that breaks off when it has pulled what it can carry."""

    parallel = 2

    def exchange(
        self,
        requests: Iterable[tuple[int, Request] | None],
        answered: Callable[[int, Answer | NoAnswer], None],  # noqa: ARG002 - nobody is answered
    ) -> None:
        assert None not in islice(requests, self.parallel)
        raise RuntimeError("can't start new thread")

    def wake(self) -> None: ...
    def close(self) -> None: ...


def test_when_sending_breaks_off_nothing_counts_as_under_way(outgoing: Outgoing, devices: list[Device]) -> None:
    dispatcher_ = Dispatcher(Breaking())
    with outgoing.app.app_context():
        assert dispatcher_.take() == len(devices)
        with pytest.raises(RuntimeError):
            dispatcher_.send(until_empty=True)
    assert dispatcher_.flow.under_way == []


def test_at_a_sudden_end_what_waits_and_what_is_under_way_is_anybodys_and_what_is_answered_is_written(
    outgoing: Outgoing, devices: list[Device]
) -> None:
    flow = outgoing.dispatcher.flow
    with outgoing.app.app_context():
        outgoing.dispatcher.take()
        answered, _under_way = flow.next(), flow.next()
        assert answered is not None
        flow.answered(answered.row.id, Accepted(201, ""))
        flow.close()
        outgoing.dispatcher.hand_back()
    assert sorted((row.state, row.attempts, row.crashes) for row in outgoing.rows()) == [
        (State.ACCEPTED, 1, 0),
        (State.QUEUED, 0, 0),
        (State.QUEUED, 0, 0),
    ]
