"""What a push tells the push service: how long to keep it, how urgent it is, what it replaces. Not who writes."""

import re

from tests.conftest import AppMaker
from tests.delivery.conftest import CONTACT, StandingClock
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from tests.push.listener import Odd
from tests.push.service import GOOGLE, MOZILLA, PushService
from webpush_app.accounts.service import CONTACT_EMAIL, remember_fact
from webpush_app.clock import now
from webpush_app.database import begin_write, db
from webpush_app.delivery.models import State
from webpush_app.protocol.requests_transport import RequestsTransport

DAY_SECONDS = 24 * 3600
FOUR_HOURS_SECONDS = 4 * 3600


def heads(device: Device, name: str) -> list[str]:
    return [received.headers[name] for received in device.subscribed.received]


def test_a_topic_stays_the_same_with_each_attempt(people: People, outgoing: Outgoing, clock: StandingClock) -> None:
    """It may have arrived before: the next one replaces it."""
    device = outgoing.device(people("susan"))
    device.subscribed.answer_with(500, Odd.RESET, 429, 201)
    people.write(people("john"), 1, "hello")
    while outgoing.deliver():
        due_at = outgoing.row().due_at
        if due_at:
            clock.advance_to(due_at)
    assert len(heads(device, "topic")) == 4
    assert len(set(heads(device, "topic"))) == 1


def test_topics_differ_for_each_push_and_each_device(people: People, outgoing: Outgoing) -> None:
    devices = [outgoing.device(people("susan")), outgoing.device(1), outgoing.device(people("john"))]
    people.write(2, 1, "first", "second")
    people.write(1, 2, "third")
    outgoing.broadcast(people("boss", is_admin=True))
    outgoing.deliver()
    topics = [topic for device in devices for topic in heads(device, "topic")]
    assert len(topics) == 3 + 3 + 2
    assert len(set(topics)) == len(topics)
    for topic in topics:
        assert re.fullmatch(r"[A-Za-z0-9_-]{32}", topic)


def test_only_who_has_the_secret_key_can_make_a_topic(
    make_app: AppMaker, service: PushService, transport: RequestsTransport
) -> None:
    """Else a push service could try out who wrote to whom. Here row and browser are the same, the key is not."""
    one, other = (
        Outgoing(make_app(vapid_claim_email=CONTACT, secret_key=letter * 32), service, transport) for letter in "ab"
    )
    device = one.device(None)
    one.broadcast(People(one.app, "")("boss", is_admin=True))
    one.deliver()
    other.change(1, state=State.QUEUED, due_at=now())
    other.deliver()
    topics = heads(device, "topic")
    assert len(topics) == 2
    assert topics[0] != topics[1]


def test_a_push_is_kept_for_what_is_left_of_its_time(people: People, outgoing: Outgoing, clock: StandingClock) -> None:
    device = outgoing.device(people("susan"))
    device.subscribed.answer_with(503, 503, 201)
    people.write(people("john"), 1, "hello")
    began, expected = clock.moment, []
    while outgoing.deliver():
        expected.append(str(int(DAY_SECONDS - (clock.moment - began).total_seconds())))
        clock.advance_to(outgoing.row().due_at or clock.moment)
    assert heads(device, "ttl") == expected
    assert expected[0] == str(DAY_SECONDS)
    assert len(set(expected)) == 3


def test_a_broadcast_is_kept_for_four_hours_and_is_less_urgent(people: People, outgoing: Outgoing) -> None:
    device = outgoing.device(people("susan"))
    people.write(people("john"), 1, "hello")
    outgoing.broadcast(people("boss", is_admin=True))
    outgoing.deliver()
    message, broadcast = sorted(device.subscribed.received, key=lambda received: received.headers["urgency"])
    assert (message.headers["urgency"], broadcast.headers["urgency"]) == ("high", "normal")
    assert FOUR_HOURS_SECONDS - 30 <= int(broadcast.headers["ttl"]) <= FOUR_HOURS_SECONDS


def test_the_last_second_is_still_a_second(people: People, outgoing: Outgoing, clock: StandingClock) -> None:
    """A push service would drop what has no time at all for a browser that is away, and some refuse it."""
    device = outgoing.device(people("susan"))
    people.write(people("john"), 1, "hello")
    clock.advance(DAY_SECONDS - 0.5)
    outgoing.deliver()
    assert heads(device, "ttl") == ["1"]


def test_each_push_service_is_told_the_contact_address_and_its_own_name(people: People, outgoing: Outgoing) -> None:
    susan = people("susan")
    devices = [outgoing.device(susan, host=host) for host in (MOZILLA, GOOGLE)]
    people.write(people("john"), 1, "hello")
    outgoing.deliver()
    claims = [device.subscribed.received[0].claims for device in devices]
    assert [one.subject for one in claims] == [CONTACT, CONTACT]
    assert [one.audience for one in claims] == [f"https://{MOZILLA}", f"https://{GOOGLE}"]


def test_without_a_contact_address_pushes_wait_and_with_one_they_go_out(
    make_app: AppMaker, password_hash: str, service: PushService, transport: RequestsTransport, clock: StandingClock
) -> None:
    outgoing = Outgoing(make_app(), service, transport)
    people = People(outgoing.app, password_hash)
    device = outgoing.device(people("susan"))
    people.write(people("john"), 1, "first", "second")
    for _ in range(3):
        assert outgoing.deliver_batch() == 0
        clock.advance(100)
    assert [(row.state, row.attempts) for row in outgoing.rows()] == [(State.QUEUED, 0)] * 2
    assert device.subscribed.received == []

    name_contact(outgoing, "ops@example.com")
    assert outgoing.deliver() == 2
    assert outgoing.states() == [State.ACCEPTED] * 2
    name_contact(outgoing, "new@example.com")
    people.write(2, 1, "third")
    outgoing.deliver()
    subjects = [received.claims.subject for received in device.subscribed.received]
    assert subjects == ["mailto:ops@example.com"] * 2 + ["mailto:new@example.com"]


def name_contact(outgoing: Outgoing, address: str) -> None:
    with outgoing.app.app_context():
        begin_write()
        remember_fact(CONTACT_EMAIL, address)
        db.session.commit()
