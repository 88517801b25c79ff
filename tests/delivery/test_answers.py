"""What a push service answers, and what becomes of the row and of the browser: the whole way, decrypted on the other
side. Only 404 and 410 end a subscription."""

import threading
from datetime import timedelta
from email.utils import format_datetime

import pytest

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from tests.push.listener import Garbage, Odd, Reaction, Reply
from tests.push.service import APPLE, GOOGLE, WINDOWS
from webpush_app.delivery.models import State
from webpush_app.subscriptions.models import Off

# A date says when, by a clock that went on meanwhile, and without fractions.
INACCURATE_SECONDS = 10
SUSAN, JOHN = 1, 2


@pytest.fixture
def device(people: People, outgoing: Outgoing) -> Device:
    """Susan's browser, for which a message waits."""
    device = outgoing.device(people("susan"))
    people.write(people("john"), SUSAN, "hello")
    return device


@pytest.mark.parametrize("status", [201, 200, 202, 204])
def test_accepted(outgoing: Outgoing, clock: StandingClock, device: Device, status: int) -> None:
    device.subscribed.answer_with(status)
    clock.advance(1)
    assert outgoing.deliver() == 1
    [received] = device.subscribed.received
    assert received.json()["body"] == "hello"
    row = outgoing.row()
    assert (row.state, row.answer_status, row.reason, row.attempts) == (State.ACCEPTED, status, None, 1)
    assert (row.due_at, row.answered_at, row.lease_token) == (None, clock.moment, None)
    assert outgoing.is_on(device)


@pytest.mark.parametrize("host", [GOOGLE, APPLE, WINDOWS])
def test_every_push_service_is_reached_under_its_own_name(people: People, outgoing: Outgoing, host: str) -> None:
    device = outgoing.device(people("susan"), host=host)
    people.write(people("john"), SUSAN, "hello")
    outgoing.deliver()
    assert [received.claims.audience for received in device.subscribed.received] == [f"https://{host}"]
    assert outgoing.states() == [State.ACCEPTED]


@pytest.mark.parametrize("status", [404, 410])
def test_gone_turns_that_browser_off_at_once_and_no_other(people: People, outgoing: Outgoing, status: int) -> None:
    gone, other = outgoing.device(people("susan")), outgoing.device(SUSAN)
    gone.subscribed.answer_with(status, body=b"unknown subscription")
    people.write(people("john"), SUSAN, "first")
    assert outgoing.deliver() == 2
    first = outgoing.rows()[0]
    assert (first.state, first.answer_status, first.said, first.due_at) == (
        State.GONE,
        status,
        "unknown subscription",
        None,
    )
    assert outgoing.stored(gone).off_because == Off.GONE
    assert outgoing.is_on(other)
    people.write(JOHN, SUSAN, "second")
    assert outgoing.deliver() == 1
    assert (len(gone.subscribed.received), len(other.subscribed.received)) == (1, 2)


def test_a_browser_that_posted_again_meanwhile_stays_on_and_gets_it_where_it_is_now(
    outgoing: Outgoing, clock: StandingClock, device: Device
) -> None:
    """What the push service said was about the subscription as it was then."""
    device.subscribed.answer_with(Reply(410, after_seconds=0.3), 201)
    delivering = threading.Thread(target=outgoing.deliver)
    delivering.start()
    device.subscribed.wait_for(1)
    clock.advance(1)
    outgoing.post(device.subscribed, SUSAN)
    delivering.join(timeout=10)
    assert outgoing.is_on(device)
    assert (outgoing.row().state, outgoing.row().reason, outgoing.row().answer_status) == ("queued", "renewed", 410)
    clock.advance_to(outgoing.row().due_at)
    outgoing.deliver()
    assert (outgoing.row().state, outgoing.row().attempts) == (State.ACCEPTED, 2)


def test_refused_fails_and_keeps_the_browser(outgoing: Outgoing, device: Device) -> None:
    """It may be our own mistake: nobody is lost by one bad release."""
    device.subscribed.answer_with(400, body=b"bad request")
    outgoing.deliver()
    row = outgoing.row()
    assert (row.state, row.answer_status, row.reason, row.said) == ("failed", 400, "refused_request", "bad request")
    assert (row.due_at, row.attempts) == (None, 1)
    assert outgoing.is_on(device)
    assert outgoing.stored(device).strikes == 1


def test_a_browser_that_nothing_can_be_encrypted_for_is_turned_off(people: People, outgoing: Outgoing) -> None:
    broken, other = outgoing.device(people("susan")), outgoing.device(SUSAN)
    outgoing.change_device(broken, p256dh="BA" + "A" * 85)
    people.write(people("john"), SUSAN, "hello")
    outgoing.deliver()
    assert outgoing.states() == [State.FAILED, State.ACCEPTED]
    assert (outgoing.rows()[0].reason, outgoing.rows()[0].answer_status) == ("refused_keys", None)
    assert outgoing.stored(broken).off_because == Off.UNUSABLE
    assert outgoing.is_on(other)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [({"Retry-After": "120"}, 120), ({}, 60), ({"Retry-After": "date"}, 300), ({"Retry-After": "999999"}, 3600)],
    ids=["seconds", "nothing said", "a date", "too long"],
)
def test_slow_down_is_obeyed_and_uses_no_attempt(
    outgoing: Outgoing, clock: StandingClock, device: Device, header: dict[str, str], seconds: int
) -> None:
    said = {name: value.replace("date", _http_date(clock, seconds)) for name, value in header.items()}
    device.subscribed.answer_with(Reply(429, said), 201)
    outgoing.deliver()
    row = outgoing.row()
    assert (row.state, row.reason, row.answer_status, row.attempts) == (State.QUEUED, "slow_down", 429, 0)
    assert row.due_at is not None
    assert timedelta(seconds=seconds - INACCURATE_SECONDS) <= row.due_at - clock.moment <= timedelta(seconds=seconds)
    clock.advance(seconds - INACCURATE_SECONDS - 1)
    assert outgoing.deliver() == 0
    clock.advance(INACCURATE_SECONDS + 1)
    assert outgoing.deliver() == 1
    assert (outgoing.row().state, outgoing.row().attempts) == (State.ACCEPTED, 1)
    assert len(device.subscribed.received) == 2


@pytest.mark.parametrize(
    "trouble",
    [
        (Reply(500), 500, "their_trouble"),
        (Reply(503, body=b"later"), 503, "their_trouble"),
        (Odd.RESET, None, "unknown"),
        (Garbage(b"hello, I am no web server\r\n"), None, "on_the_way"),
        (Reply(302, {"Location": "https://elsewhere.example/"}), 302, "redirect"),
        (Reply(200, {"Content-Type": "text/html"}, b"<html>Please sign in to our WLAN"), 200, "not_a_push_service"),
    ],
    ids=["500", "503", "reset", "garbage", "redirect", "captive portal"],
)
def test_trouble_is_tried_again_and_ends_well(
    outgoing: Outgoing, clock: StandingClock, device: Device, trouble: tuple[Reaction, int | None, str]
) -> None:
    reaction, status, reason = trouble
    device.subscribed.answer_with(reaction, 201)
    outgoing.deliver()
    row = outgoing.row()
    assert (row.state, row.reason, row.answer_status, row.attempts) == (State.QUEUED, reason, status, 1)
    assert row.answered_at == clock.moment
    assert outgoing.is_on(device)
    clock.advance_to(row.due_at)
    outgoing.deliver()
    row = outgoing.row()
    assert (row.state, row.reason, row.answer_status, row.attempts) == (State.ACCEPTED, None, 201, 2)
    assert len(device.subscribed.received) == 2


def test_browsers_of_one_person_that_answer_differently_are_settled_each_in_its_way(
    people: People, outgoing: Outgoing
) -> None:
    susan = people("susan")
    devices = [outgoing.device(susan) for _ in range(4)]
    people.write(people("john"), susan, "hello")
    for device, status in zip(devices, (201, 410, 400, 500), strict=True):
        device.subscribed.answer_with(status)
    assert outgoing.deliver() == 4
    assert outgoing.states() == [State.ACCEPTED, State.GONE, State.FAILED, State.QUEUED]
    assert [outgoing.is_on(device) for device in devices] == [True, False, True, True]


def test_a_push_of_a_broadcast_is_counted_once_when_it_is_final(
    people: People, outgoing: Outgoing, clock: StandingClock
) -> None:
    devices = [outgoing.device(None) for _ in range(2)]
    devices[0].subscribed.answer_with(503, 201)
    outgoing.broadcast(people("boss", is_admin=True))
    outgoing.deliver()
    assert outgoing.tally(1) == {State.QUEUED: 2, State.ACCEPTED: 1}
    clock.advance(60)
    outgoing.deliver()
    assert outgoing.tally(1) == {State.QUEUED: 2, State.ACCEPTED: 2}


def _http_date(clock: StandingClock, seconds: int) -> str:
    return format_datetime(clock.moment + timedelta(seconds=seconds), usegmt=True)
