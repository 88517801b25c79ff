"""The worker's rounds, in this process: when they look, what a failure does to them, and how they come to an end."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.delivery.outgoing import Device, Outgoing
from tests.engine.conftest import PARALLEL
from tests.engine.processes import wait_until
from tests.engine.running_loop import RunLoop, wait_for_the_threads
from tests.people import People
from tests.push.listener import Odd
from webpush_app import clock
from webpush_app.delivery import housekeeping
from webpush_app.delivery.models import State
from webpush_app.engine import works as engine
from webpush_app.subscriptions.models import Off

NEVER_SECONDS = 60.0
AT_ONCE_SECONDS = 8.0  # the machine may be busy
TIDY_SECONDS = 20.0


@pytest.fixture
def looks_by_itself(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    return lambda seconds: monkeypatch.setattr(engine, "LOOK_EVERY_SECONDS", seconds)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def a_hanging_push(people: People, outgoing: Outgoing) -> Device:
    device = outgoing.device(people("susan"))
    device.subscribed.answer_with(Odd.HANG)
    people.write(people("john"), 1, "hello")
    device.subscribed.wait_for(1)
    return device


def test_the_doorbell_wakes_it(
    people: People, outgoing: Outgoing, run_loop: RunLoop, looks_by_itself: Callable[[float], None]
) -> None:
    looks_by_itself(NEVER_SECONDS)
    device = outgoing.device(people("susan"))
    people("john")
    running = run_loop()
    for number in (1, 2, 3):
        time.sleep(0.1)
        with within(AT_ONCE_SECONDS):
            people.write(2, 1, "hello")
            device.subscribed.wait_for(number)
    assert running.stop() < AT_ONCE_SECONDS


def test_a_broadcast_wakes_it_twice_to_be_put_into_the_outbox_and_to_be_sent(
    people: People, outgoing: Outgoing, run_loop: RunLoop, looks_by_itself: Callable[[float], None]
) -> None:
    looks_by_itself(NEVER_SECONDS)
    devices = [outgoing.device(None) for _ in range(3)]
    boss = people("boss", is_admin=True)
    run_loop()
    time.sleep(0.1)
    with within(AT_ONCE_SECONDS):
        outgoing.start_broadcast(boss)
        for device in devices:
            device.subscribed.wait_for(1)


def test_what_nobody_rang_for_is_found_at_the_next_look(
    outgoing: Outgoing, run_loop: RunLoop, looks_by_itself: Callable[[float], None]
) -> None:
    """A retry whose time has come, or what a killed worker left."""
    looks_by_itself(0.1)
    device = outgoing.device(None)
    run_loop()
    time.sleep(0.2)
    outgoing.fill(1, kind="test", subscription_id=device.id)
    device.subscribed.wait_for(1, timeout=AT_ONCE_SECONDS)


def test_a_round_that_fails_is_reported_and_the_next_one_is_made(
    outgoing: Outgoing,
    run_loop: RunLoop,
    looks_by_itself: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    looks_by_itself(0.1)
    device = outgoing.device(None)
    monkeypatch.setattr(engine, "fan_out_step", lambda: 1 / 0)
    run_loop()
    wait_until(lambda: caplog.text.count("round_failed") > 1, 20)
    assert "ZeroDivisionError" in caplog.text
    outgoing.fill(1, kind="test", subscription_id=device.id)
    device.subscribed.wait_for(1, timeout=5)


def test_at_a_stop_it_waits_for_push_services_only_so_long_and_hands_back_the_rest(
    people: People, outgoing: Outgoing, run_loop: RunLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "DRAIN_SECONDS", 0.5)
    running = run_loop()
    a_hanging_push(people, outgoing)
    assert 0.5 <= running.stop() < 0.5 + AT_ONCE_SECONDS
    row = outgoing.row()
    assert (row.state, row.attempts, row.lease_token) == (State.QUEUED, 0, None)


def test_at_a_sudden_stop_it_waits_for_nobody(people: People, outgoing: Outgoing, run_loop: RunLoop) -> None:
    running = run_loop()
    a_hanging_push(people, outgoing)
    running.is_sudden = True
    assert running.stop() < AT_ONCE_SECONDS
    assert (outgoing.row().state, outgoing.row().attempts) == (State.QUEUED, 0)


def test_what_comes_too_late_after_it_was_handed_back_changes_nothing(
    people: People, outgoing: Outgoing, run_loop: RunLoop
) -> None:
    running = run_loop()
    device = a_hanging_push(people, outgoing)
    running.is_sudden = True
    running.stop()
    device.subscribed.answer_with(201)
    assert outgoing.deliver() == 1
    wait_for_the_threads()
    row = outgoing.row()
    assert (row.state, row.answer_status, row.attempts) == (State.ACCEPTED, 201, 1)


def test_it_stops_when_whoever_started_it_is_gone(run_loop: RunLoop) -> None:
    parent, held_by_the_parent = os.pipe()
    running = run_loop(also=parent)
    try:
        time.sleep(0.1)
        assert running.thread.is_alive()
    finally:
        os.close(held_by_the_parent)
    running.thread.join(timeout=AT_ONCE_SECONDS)
    assert not running.thread.is_alive()
    os.close(parent)


@pytest.mark.sqlite_only("about the places of the transport, and long")
def test_a_private_message_is_sent_while_all_that_broadcasts_may_use_hangs(
    people: People, outgoing: Outgoing, run_loop: RunLoop
) -> None:
    """As many of them as can be under way at once, and as many again."""
    boss = people("boss", is_admin=True)
    for _ in range(PARALLEL):
        outgoing.device(None).subscribed.answer_with(Odd.HANG)
    run_loop()
    for number in (1, 2):
        outgoing.start_broadcast(boss)
        outgoing.service.wait_for(number * PARALLEL)
    susan = outgoing.device(people("susan"))
    with within(AT_ONCE_SECONDS):
        people.write(boss, 2, "hello")
        susan.subscribed.wait_for(1)


def test_what_is_done_with_is_tidied_away(
    people: People, outgoing: Outgoing, run_loop: RunLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old pushes, and browsers that are gone for long."""
    monkeypatch.setattr(housekeeping, "FIRST_SECONDS", (0.0, 0.0))
    long_ago = clock.now() - timedelta(days=40)
    device = outgoing.device(people("susan"))
    outgoing.fill(3, state=State.ACCEPTED, due_at=None, answered_at=long_ago, created_at=long_ago)
    outgoing.change_device(device, off_at=long_ago, off_because=Off.GONE)
    run_loop()
    wait_until(lambda: outgoing.rows() == [] and outgoing.is_forgotten(device), TIDY_SECONDS)
