"""Refusals, and whose fault they are: ours, the browser's, or the service's. Nobody is turned off for another's."""

import pytest

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Outgoing
from tests.people import People
from tests.push.listener import Reply
from webpush_app.delivery import alerts, dead_letters
from webpush_app.delivery.models import State
from webpush_app.delivery.walking import Wanted
from webpush_app.subscriptions.models import Off

HOUR = 3600
SUSAN, JOHN = 1, 2


class Site:
    """Susan's browser, and a stranger's at the same push service, which is well."""

    def __init__(self, people: People, outgoing: Outgoing, clock: StandingClock) -> None:
        self.people, self.outgoing, self.clock = people, outgoing, clock
        self.hers = outgoing.device(people("susan"))
        people("john")
        self.others = [outgoing.device(people(f"person{number}")) for number in range(6)]

    def write_to_her(self) -> None:
        self.people.write(JOHN, SUSAN, "hello")

    def write_to_others(self) -> None:
        for number in range(len(self.others)):
            self.people.write(JOHN, 3 + number, "hello")

    def refuse(self, *reactions: int | Reply) -> None:
        self.hers.subscribed.answer_with(*reactions)

    def refused_at(self, *hours: float) -> None:
        """A message to her at each of these hours, and one to everybody else."""
        begun = self.clock.moment
        for hour in hours:
            self.clock.advance(hour * HOUR - (self.clock.moment - begun).total_seconds())
            self.write_to_others()
            self.write_to_her()
            self.outgoing.deliver()


@pytest.fixture
def site(people: People, outgoing: Outgoing, clock: StandingClock) -> Site:
    return Site(people, outgoing, clock)


def test_three_strikes_over_a_day_turn_a_browser_off_while_others_are_taken(site: Site, outgoing: Outgoing) -> None:
    site.refuse(400)
    site.refused_at(0, 12)
    assert outgoing.is_on(site.hers)
    site.refused_at(12)
    assert outgoing.stored(site.hers).off_because == Off.REFUSED
    assert all(outgoing.is_on(other) for other in site.others)


def test_three_within_a_day_do_not(site: Site, outgoing: Outgoing) -> None:
    site.refuse(400)
    site.refused_at(0, 1, 2, 23.9)
    assert outgoing.is_on(site.hers)
    assert outgoing.stored(site.hers).strikes == 4


def test_two_over_many_days_do_not(site: Site, outgoing: Outgoing) -> None:
    site.refuse(400)
    site.refused_at(0, 200)
    assert outgoing.is_on(site.hers)


def test_a_push_that_is_accepted_forgives_what_was_before(site: Site, outgoing: Outgoing) -> None:
    site.refuse(400, 400, 201, 400)
    site.refused_at(0, 20, 40)
    assert outgoing.stored(site.hers).strikes == 0
    site.refused_at(0.1, 1)
    assert outgoing.is_on(site.hers)


def test_nobody_is_turned_off_when_the_service_refuses_everybody(
    people: People, outgoing: Outgoing, site: Site
) -> None:
    for device in (site.hers, *site.others):
        device.subscribed.answer_with(400)
    site.refused_at(0, 12, 24, 36, 48)
    assert all(outgoing.is_on(device) for device in (site.hers, *site.others))
    assert outgoing.stored(site.hers).strikes == 5


def test_what_was_taken_before_it_began_turns_nobody_off(
    people: People, outgoing: Outgoing, site: Site, clock: StandingClock
) -> None:
    """Few are written to, and the last that was taken is long ago: our mistake may have begun since."""
    for _time in range(4):
        site.write_to_others()
        outgoing.deliver()
    for device in (site.hers, *site.others):
        device.subscribed.answer_with(400)
    for _day in range(4):
        site.write_to_her()
        outgoing.deliver()
        clock.advance(13 * HOUR)
    assert outgoing.is_on(site.hers)
    assert outgoing.stored(site.hers).strikes == 4


def test_a_browser_that_is_alone_at_its_service_is_never_turned_off_for_refusals(
    people: People, outgoing: Outgoing, site: Site, clock: StandingClock
) -> None:
    site.refuse(*[201] * 20, 400)
    for _time in range(20):
        site.write_to_her()
        outgoing.deliver()
    for _day in range(4):
        site.write_to_her()
        outgoing.deliver()
        clock.advance(13 * HOUR)
    assert outgoing.is_on(site.hers)
    assert outgoing.stored(site.hers).strikes == 4


def test_one_browser_whose_key_is_refused_while_others_are_taken_is_tried_again_and_struck(
    site: Site, outgoing: Outgoing, clock: StandingClock
) -> None:
    site.refuse(403)
    site.write_to_others()
    outgoing.deliver()
    site.write_to_her()
    outgoing.deliver()
    row = outgoing.rows()[-1]
    assert (row.state, row.reason, row.attempts) == (State.QUEUED, "vapid", 1)
    assert outgoing.stored(site.hers).strikes == 1
    assert outgoing.is_on(site.hers)
    site.refused_at(12, 24.5)
    assert outgoing.stored(site.hers).off_because == Off.REFUSED


def test_a_signature_that_is_refused_is_made_anew_once(site: Site, outgoing: Outgoing) -> None:
    site.refuse(403, 201)
    site.write_to_her()
    outgoing.deliver()
    assert [row.state for row in outgoing.rows()] == [State.ACCEPTED]
    first, second = (received.headers["authorization"] for received in site.hers.subscribed.received)
    assert first != second
    assert outgoing.row().attempts == 1


def test_too_large_is_sent_once_more_without_its_text(site: Site, outgoing: Outgoing) -> None:
    site.refuse(413, 201)
    site.write_to_her()
    outgoing.deliver()
    long, short = (received.json() for received in site.hers.subscribed.received)
    assert (long["body"], short.get("body", "")) == ("hello", "")
    assert (short["title"], short["url"], short["tag"]) == (long["title"], long["url"], long["tag"])
    row = outgoing.row()
    assert (row.state, row.is_short) == (State.ACCEPTED, True)
    assert outgoing.is_on(site.hers)


def test_too_large_a_second_time_fails_and_keeps_the_browser(site: Site, outgoing: Outgoing) -> None:
    site.refuse(413)
    site.write_to_her()
    outgoing.deliver()
    assert len(site.hers.subscribed.received) == 2
    row = outgoing.row()
    assert (row.state, row.reason, row.answer_status) == (State.FAILED, "refused_too_large", 413)
    assert outgoing.is_on(site.hers)
    assert outgoing.stored(site.hers).strikes == 0


def test_who_leads_elsewhere_is_asked_four_times_and_not_again(
    site: Site, outgoing: Outgoing, clock: StandingClock
) -> None:
    site.refuse(Reply(302, {"Location": "https://elsewhere.example/"}))
    site.write_to_her()
    for _ in range(20):
        outgoing.deliver()
        clock.advance(HOUR / 20)
    assert len(site.hers.subscribed.received) == 4
    assert (outgoing.row().state, outgoing.row().reason) == (State.FAILED, "given_up_redirect")
    assert [attempt.reason for attempt in outgoing.attempts()] == ["redirect"] * 3
    assert outgoing.is_on(site.hers)


def test_what_is_sent_again_by_hand_may_be_led_elsewhere_as_often_again(
    site: Site, outgoing: Outgoing, clock: StandingClock
) -> None:
    site.refuse(Reply(302))
    site.write_to_her()
    for asked in (4, 8):
        for _ in range(20):
            outgoing.deliver()
            clock.advance(HOUR / 20)
        assert len(site.hers.subscribed.received) == asked
        with outgoing.app.app_context():
            assert dead_letters.replay(Wanted(dead_letters.DEAD)).number == 1


def test_what_else_went_wrong_before_is_no_redirect(site: Site, outgoing: Outgoing, clock: StandingClock) -> None:
    site.refuse(503, 503, 503, Reply(302), 201)
    site.write_to_her()
    for _ in range(20):
        outgoing.deliver()
        clock.advance(HOUR / 20)
    assert [attempt.reason for attempt in outgoing.attempts()] == ["their_trouble"] * 3 + ["redirect"]
    assert outgoing.row().state == State.ACCEPTED


def test_an_operator_is_told_of_a_service_that_leads_elsewhere_until_it_does_not(
    site: Site, outgoing: Outgoing, clock: StandingClock
) -> None:
    site.refuse(*[Reply(302)] * 4, 201)
    site.write_to_her()
    told = []
    for _ in range(4):
        with outgoing.app.app_context():
            told.append([(alert.kind, alert.about, alert.said) for alert in alerts.list_open()])
        outgoing.deliver()
        clock.advance(HOUR / 60)
    with outgoing.app.app_context():
        told.append([(alert.kind, alert.about, alert.said) for alert in alerts.list_open()])
    assert told == [[]] * 4 + [[("host_down", "updates.push.services.mozilla.com", "302")]]
    site.write_to_her()
    outgoing.deliver()
    with outgoing.app.app_context():
        assert alerts.list_open() == []


@pytest.mark.parametrize(
    "asks", [Reply(429, {"Retry-After": "900"}), Reply(503, {"Retry-After": "900"}), Reply(406, {"Retry-After": "900"})]
)
def test_nothing_else_is_sent_to_a_browser_whose_service_asked_for_patience(
    site: Site, outgoing: Outgoing, clock: StandingClock, asks: Reply
) -> None:
    site.refuse(asks, 201)
    site.write_to_her()
    outgoing.deliver()
    site.write_to_her()
    site.write_to_others()
    clock.advance(890)
    outgoing.deliver()
    assert len(site.hers.subscribed.received) == 1
    assert all(len(other.subscribed.received) == 1 for other in site.others)
    clock.advance(10)
    outgoing.deliver()
    assert len(site.hers.subscribed.received) == 3
    assert set(outgoing.states()) == {State.ACCEPTED}
    assert {row.attempts for row in outgoing.rows()} <= {1, 2}
