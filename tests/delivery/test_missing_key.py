"""A worker that was started with another key than browsers subscribed with: by a wrong setting, or an old backup of the
keys. Nothing is lost by it."""

import pytest
from flask import Flask

from tests.conftest import AppMaker
from tests.delivery.conftest import CONTACT, StandingClock
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from tests.push.service import PushService
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db
from webpush_app.delivery import alerts, dead_letters, health
from webpush_app.delivery.dead_letters import DEAD
from webpush_app.delivery.models import State
from webpush_app.delivery.walking import Wanted
from webpush_app.protocol import vapid_keys
from webpush_app.protocol.subscription import read_subscription
from webpush_app.protocol.transport import Transport
from webpush_app.subscriptions import service as subscriptions
from webpush_app.subscriptions.cli import vapid_commands
from webpush_app.subscriptions.keyring import current_key
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.service import Viewer

MINUTE, HOUR = 60, 3600
BROWSERS = 30
SUSAN, JOHN = 1, 2


@pytest.fixture
def wrong(outgoing: Outgoing, make_app: AppMaker, service: PushService, transport: Transport) -> Outgoing:
    key = vapid_keys.generate().private_text
    return Outgoing(make_app(vapid_claim_email=CONTACT, vapid_private_key=key), service, transport)


@pytest.fixture
def devices(people: People, outgoing: Outgoing, wrong: Outgoing) -> list[Device]:
    """They are written to, and the worker with the wrong key comes first."""
    devices = [outgoing.device(None) for _ in range(BROWSERS)]
    outgoing.broadcast(people("boss", is_admin=True))
    assert wrong.deliver() == BROWSERS
    return devices


def open_alerts(outgoing: Outgoing) -> list[tuple[str, str]]:
    with outgoing.app.app_context():
        return [(alert.kind, alert.about) for alert in alerts.list_open()]


def end_stale(outgoing: Outgoing) -> None:
    with outgoing.app.app_context():
        begin_write()
        alerts.end_stale()
        db.session.commit()


def key_of(outgoing: Outgoing, device: Device) -> str:
    return outgoing.stored(device).vapid_public_key


def test_what_is_for_its_browsers_waits_and_uses_no_attempt(
    outgoing: Outgoing, wrong: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    began = clock.moment
    for _look in range(3):
        rows = outgoing.rows()
        assert {(row.state, row.reason, row.attempts) for row in rows} == {(State.QUEUED, "other_key", 0)}
        assert {(row.first_attempt_at, row.lease_token) for row in rows} == {(None, None)}
        assert {(row.due_at - clock.moment).total_seconds() for row in rows if row.due_at} == {5 * MINUTE}
        assert wrong.deliver() == 0
        clock.advance(5 * MINUTE)
        assert wrong.deliver() == BROWSERS
    assert outgoing.attempts() == [], "each look is no attempt"
    assert (clock.moment - began).total_seconds() == 15 * MINUTE
    assert all(outgoing.is_on(device) for device in devices)


def test_when_the_key_is_back_everything_is_sent(
    outgoing: Outgoing, wrong: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    """Also with all its attempts and hours, whatever it has waited."""
    for _look in range(40):
        clock.advance(5 * MINUTE)
        wrong.deliver()
    clock.advance(5 * MINUTE)
    devices[0].subscribed.answer_with(503, 201)
    outgoing.deliver()
    assert outgoing.states() == [State.QUEUED] + [State.ACCEPTED] * (BROWSERS - 1)
    assert outgoing.rows()[0].first_attempt_at == clock.moment
    clock.advance_to(outgoing.rows()[0].due_at)
    outgoing.deliver()
    assert outgoing.states() == [State.ACCEPTED] * BROWSERS


def test_when_the_key_is_back_nobody_is_told_that_it_is_missing(
    outgoing: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    """Also where it is taken, and handed back for another reason."""
    clock.advance(5 * MINUTE)
    with outgoing.app.app_context():
        assert outgoing.dispatcher.take() == len(devices)
    outgoing.dispatcher.flow.close()
    with outgoing.app.app_context():
        outgoing.dispatcher.hand_back()
    assert {(row.state, row.reason) for row in outgoing.rows()} == {(State.QUEUED, None)}


def test_when_its_time_is_over_it_is_a_dead_letter_that_can_be_sent_again(
    app: Flask, outgoing: Outgoing, wrong: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    clock.advance(4 * HOUR - MINUTE)
    wrong.deliver()
    clock.advance(MINUTE)
    wrong.deliver()
    assert {(row.state, row.reason) for row in outgoing.rows()} == {(State.EXPIRED, "given_up_other_key")}
    assert outgoing.tally(1) == {State.QUEUED: BROWSERS, State.EXPIRED: BROWSERS}
    with app.app_context():
        assert dead_letters.replay(Wanted(DEAD)).number == BROWSERS
    outgoing.deliver()
    assert outgoing.states() == [State.ACCEPTED] * len(devices)


def test_a_message_whose_time_is_over_for_another_reason_is_not_said_to_lack_a_key(
    people: People, outgoing: Outgoing, clock: StandingClock
) -> None:
    outgoing.device(people("susan"))
    people.write(people("john"), SUSAN, "hello")
    clock.advance(25 * HOUR)
    outgoing.deliver()
    assert (outgoing.row().state, outgoing.row().reason) == (State.EXPIRED, "expired")


def test_what_was_answered_before_is_not_said_of_the_key(
    people: People, outgoing: Outgoing, wrong: Outgoing, clock: StandingClock
) -> None:
    device = outgoing.device(people("susan"))
    device.subscribed.answer_with(503)
    people.write(people("john"), SUSAN, "hello")
    outgoing.deliver()
    first = outgoing.row().first_attempt_at
    clock.advance(MINUTE)
    wrong.deliver()
    row = outgoing.row()
    assert (row.reason, row.answer_status, row.said, row.attempts) == ("other_key", None, None, 1)
    assert row.first_attempt_at == first
    assert [attempt.answer_status for attempt in outgoing.attempts()] == [503]


def test_the_operator_is_told_once_by_the_keys_name_and_no_more_when_it_is_back(
    outgoing: Outgoing,
    wrong: Outgoing,
    clock: StandingClock,
    devices: list[Device],
    caplog: pytest.LogCaptureFixture,
) -> None:
    missing = key_of(outgoing, devices[0])
    for _look in range(40):
        clock.advance(5 * MINUTE)
        wrong.deliver()
        end_stale(outgoing)
    assert open_alerts(outgoing) == [("missing_key", missing[:12])]
    assert "event=" not in caplog.text, "it was raised at the first look, and once"
    listed = wrong.app.test_cli_runner().invoke(vapid_commands, ["list"]).output
    assert f"{missing[:12]}  not here" in listed
    clock.advance(HOUR + 1)
    outgoing.deliver()
    end_stale(outgoing)
    assert open_alerts(outgoing) == []


def test_it_makes_nobody_unready(outgoing: Outgoing, wrong: Outgoing, clock: StandingClock, people: People) -> None:
    outgoing.device(people("susan"))
    people.write(people("john"), SUSAN, "hello")
    wrong.deliver()
    clock.advance(4 * MINUTE)
    with wrong.app.app_context():
        assert health.oldest_due().is_ok


def test_others_are_sent_meanwhile(people: People, outgoing: Outgoing, wrong: Outgoing) -> None:
    old, new = outgoing.device(people("susan")), wrong.device(people("john"))
    people.write(JOHN, SUSAN, "hello")
    people.write(SUSAN, JOHN, "hello")
    wrong.deliver()
    assert outgoing.states() == [State.QUEUED, State.ACCEPTED]
    assert (len(old.subscribed.received), len(new.subscribed.received)) == (0, 1)


def test_who_visits_the_site_meanwhile_gets_what_waited(
    people: People, outgoing: Outgoing, wrong: Outgoing, clock: StandingClock
) -> None:
    """The browser subscribes anew, with the key that the site has now."""
    device = outgoing.device(people("susan"))
    people.write(people("john"), SUSAN, "hello")
    wrong.deliver()
    with wrong.app.app_context():
        begin_write()
        subscribed = wrong.service.subscribe(current_key().public)
        former = db.session.get_one(PushSubscription, device.id)
        susan = Viewer(db.session.get_one(User, SUSAN))
        given = {"vapid_public_key": current_key().public, "browser": "Firefox", "locale": "en"}
        subscriptions.subscribe(read_subscription(subscribed.to_json()), susan, **given, former=former)
        db.session.commit()
    clock.advance(5 * MINUTE)
    wrong.deliver()
    assert (outgoing.row().state, len(subscribed.received)) == (State.ACCEPTED, 1)
