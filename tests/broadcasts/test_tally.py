"""The numbers of a broadcast are counted as its pushes end, and are at every moment what the rows say."""

import random
import threading
from collections import Counter

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.broadcasts.conftest import Hands
from tests.broadcasts.delivery import Delivery, delivering
from tests.broadcasts.fates import ENDS_AS, Fate, check, happen, subscribe
from tests.broadcasts.site import Site
from tests.push.service import PushService
from webpush_app.broadcasts import service
from webpush_app.broadcasts.service import Progress
from webpush_app.database import begin_write, db
from webpush_app.delivery import claims
from webpush_app.delivery.claims import Settled, Share
from webpush_app.delivery.models import Lane, PushTally, State
from webpush_app.subscriptions.models import PushSubscription

LASTS_HOURS = 4
CALM = [Fate.ACCEPTED, Fate.REFUSED, Fate.GONE, Fate.SIGNED_OUT, Fate.REMOVED, Fate.OTHER_KEY]
GIVEN_UP = "given_up_their_trouble"


def _everybody(site: Site) -> list[int]:
    return site.reading(lambda: list(db.session.scalars(select(PushSubscription.id))))


def _start(site: Site, service: PushService, key: str, fates: list[Fate]) -> int:
    """A broadcast to browsers with these fates and to nobody else, all of it in the outbox."""
    site.remove(*_everybody(site))
    browsers = [subscribe(site, service, key, fate) for fate in fates]
    broadcast = site.start()
    site.fan_out()
    for browser, fate in zip(browsers, fates, strict=True):
        happen(site, browser, fate)
    return broadcast


def test_every_fate_ends_as_it_should_and_is_counted(
    site: Site, push_service: PushService, key: str, delivery: Delivery, hands: Hands
) -> None:
    fates = [*Fate, Fate.ACCEPTED, Fate.GONE]
    broadcast = _start(site, push_service, key, fates)
    progresses = [check(site, broadcast)]
    for _hour in range(LASTS_HOURS + 2):
        delivery.run()
        progresses.append(check(site, broadcast))
        hands.move(minutes=59.9)  # at the last attempt the next one would be too late
    assert [State(push.state) for push in site.pushes(broadcast)] == [ENDS_AS[fate] for fate in fates]
    assert [push.reason for push in site.pushes(broadcast)][list(Fate).index(Fate.ALWAYS_BUSY)] == GIVEN_UP
    accepted = sum(ENDS_AS[fate] is State.ACCEPTED for fate in fates)
    assert progresses[-1] == Progress(len(fates), accepted, len(fates) - accepted, is_done=True)
    # Those that are tried again wait; done is what has no row left to wait for, and not before.
    assert [progress.waiting for progress in progresses[:3]] == [12, 5, 2]
    assert [progress.is_done for progress in progresses] == [False] * (len(progresses) - 1) + [True]


@settings(database=None, deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fates=st.lists(st.sampled_from(Fate), max_size=8), hours=st.lists(st.floats(0.1, 6), max_size=4))
def test_the_tally_is_what_the_rows_say(
    *,
    site: Site,
    push_service: PushService,
    key: str,
    delivery: Delivery,
    hands: Hands,
    fates: list[Fate],
    hours: list[float],
) -> None:
    broadcast = _start(site, push_service, key, fates)
    assert check(site, broadcast).is_done == (not fates)
    for passed in [*hours, *[1] * (LASTS_HOURS + 1)]:
        delivery.run()
        check(site, broadcast)
        hands.move(hours=passed)
    delivery.run()
    progress = check(site, broadcast)
    assert (progress.total, progress.waiting, progress.is_done) == (len(fates), 0, True)


def test_nothing_is_done_before_all_of_it_is_in_the_outbox(
    site: Site, push_service: PushService, key: str, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "STEP", 2)
    for _number in range(5):
        subscribe(site, push_service, key, Fate.ACCEPTED)
    broadcast = site.start()
    for accepted in (2, 4):
        site.step()
        assert delivery.run() == 2
        assert site.states(broadcast) == {State.ACCEPTED: accepted}
        assert site.progress(broadcast) == Progress(5, accepted, failed=0, is_done=False)
    site.fan_out()
    delivery.run()
    assert check(site, broadcast) == Progress(5, accepted=5, failed=0, is_done=True)


def test_who_comes_back_before_their_step_is_waited_for(
    site: Site, push_service: PushService, key: str, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More rows than there were browsers when it was sent."""
    monkeypatch.setattr(service, "STEP", 3)
    given = [push_service.subscribe(key).to_json() for _number in range(4)]
    browsers = [site.browser(given=one) for one in given]
    site.turn_off(browsers[0])
    broadcast = site.start()
    assert site.browser(given=given[0]) == browsers[0]
    site.step()
    assert delivery.run() == 3
    assert site.progress(broadcast) == Progress(3, accepted=3, failed=0, is_done=False)
    site.fan_out()
    assert delivery.run() == 1
    assert check(site, broadcast) == Progress(4, accepted=4, failed=0, is_done=True)


def test_also_when_several_workers_share_it(app: Flask, site: Site, push_service: PushService, key: str) -> None:
    choice = random.Random(7)
    # Few enough troubles that the push service is not spared for a while.
    fates = [choice.choice(CALM) for _number in range(150)]
    fates[10::20] = [
        Fate.BUSY_ONCE,
        Fate.SLOWED_DOWN,
        Fate.CUT_OFF,
        Fate.ALWAYS_BUSY,
        Fate.BUSY_ONCE,
        Fate.CUT_OFF,
        Fate.SLOWED_DOWN,
    ]
    broadcast = _start(site, push_service, key, fates)
    taken: list[int] = []

    def work() -> None:
        with delivering(app, push_service) as worker:
            taken.append(worker.run())

    workers = [threading.Thread(target=work) for _number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    waits = {Fate.BUSY_ONCE, Fate.SLOWED_DOWN, Fate.CUT_OFF, Fate.ALWAYS_BUSY, Fate.OTHER_KEY}
    assert sum(taken) == len(fates)
    assert check(site, broadcast).waiting == sum(fate in waits for fate in fates)
    assert max(Counter(received.endpoint for received in push_service.received).values()) == 1


def test_who_was_too_slow_counts_nothing(app: Flask, site: Site, hands: Hands) -> None:
    site.browsers(3)
    broadcast = site.start()
    site.fan_out()
    with app.app_context():
        slow = claims.claim_due([Share(1, Lane.BROADCAST, 9)])
        hands.move(seconds=61)
        quick = claims.claim_due([Share(1, Lane.BROADCAST, 9, is_suspect=True)])
        for claim, state, kept in ((slow, State.FAILED, 0), (quick, State.ACCEPTED, 3), (slow, State.GONE, 0)):
            begin_write()
            assert len(claims.settle([Settled(row, state) for row in claim.rows])) == kept
            db.session.commit()
    assert check(site, broadcast) == Progress(3, accepted=3, failed=0, is_done=True)


def test_what_is_not_written_is_not_counted(app: Flask, site: Site) -> None:
    site.browsers(2)
    broadcast = site.start()
    site.fan_out()
    with app.app_context():
        claim = claims.claim_due([Share(1, Lane.BROADCAST, 9)])
        begin_write()
        claims.settle([Settled(row, State.ACCEPTED) for row in claim.rows])
        db.session.rollback()
    assert check(site, broadcast).accepted == 0


def test_a_number_is_added_for_each_group_and_never_changed(
    site: Site, push_service: PushService, key: str, delivery: Delivery
) -> None:
    """So that workers do not wait for each other: and there are few of them, however many the browsers are."""
    _start(site, push_service, key, [Fate.ACCEPTED] * 60)
    assert delivery.run() == 60
    rows = site.reading(lambda: db.session.scalars(select(PushTally).order_by(PushTally.id)).all())
    assert [row.state for row in rows[:1]] == [State.QUEUED]
    assert sum(row.number for row in rows[1:]) == 60
    assert len(rows) < 40
