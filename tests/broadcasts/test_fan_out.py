"""A broadcast comes into the outbox step by step: whole steps, nobody twice, nobody who should not get it."""

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from tests.broadcasts.conftest import Hands
from tests.broadcasts.site import Site
from tests.chosen import SQLITE
from tests.databases import Database
from tests.statements import listening
from webpush_app.broadcasts import service
from webpush_app.broadcasts.service import Progress
from webpush_app.database import begin_write, db
from webpush_app.delivery import outbox
from webpush_app.delivery.models import Lane, State


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "STEP", 3)


def test_nothing_is_written_into_the_outbox_while_the_admin_waits(site: Site) -> None:
    site.browsers(4)
    broadcast = site.start()
    assert site.pushes(broadcast) == []
    assert site.progress(broadcast) == Progress(total=4, accepted=0, failed=0, is_done=False)


def test_each_step_takes_the_next_few(site: Site) -> None:
    browsers = site.browsers(8)
    broadcast = site.start()
    for taken in (3, 6, 8):
        assert site.step()
        assert site.reached(broadcast) == browsers[:taken]
        assert site.tally(broadcast)[State.QUEUED] == taken
        assert site.progress(broadcast).total == 8
        assert (site.row(broadcast).fanned_out_at is None) == (taken < 8)
    assert not site.step()
    assert site.reached(broadcast) == browsers


def test_a_row_says_what_the_worker_needs_and_no_text(site: Site, hands: Hands) -> None:
    sent_at = hands.now()
    browser = site.browser(site.author_id)
    broadcast = site.start(title="Soup", body="at noon")
    hands.move(minutes=5)
    site.fan_out()
    (push,) = site.pushes(broadcast)
    assert (push.kind, push.subject_id, push.subscription_id) == ("broadcast", broadcast, browser)
    assert (push.lane, push.state, push.attempts) == (Lane.BROADCAST, State.QUEUED, 0)
    assert push.recipient_id is None  # whoever sits there
    assert push.due_at == hands.now()
    # It ends when it would have ended without a queue before it.
    assert push.expires_at == sent_at + outbox.BROADCAST_LASTS
    assert "Soup" not in str(vars(push))


def test_a_step_with_nothing_to_do_asks_once_and_waits_for_nobody(app: Flask, site: Site, database: Database) -> None:
    site.browser()
    site.start()
    site.fan_out()
    with database.somebody_writes(), app.app_context(), listening(db.engine) as statements:
        assert not service.fan_out_step()
    assert len(statements) == 1
    assert statements[0].startswith("SELECT")


def test_each_step_is_one_transaction(app: Flask, site: Site) -> None:
    site.browsers(4)
    site.start()
    commits: list[object] = []
    with app.app_context():
        event.listen(db.engine, "commit", commits.append)
    for steps in (1, 2):
        assert site.step()
        assert len(commits) == steps
    assert not site.step()
    assert len(commits) == 2


@pytest.mark.parametrize("name", ["enqueue_for_many", "count"])
def test_a_step_that_fails_half_way_leaves_nothing_and_is_done_again(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    browsers = site.browsers(5)
    broadcast = site.start()
    assert site.step()
    before = (site.reached(broadcast), site.tally(broadcast), site.row(broadcast).cursor)
    write = getattr(outbox, name)
    told: list[object] = []

    def fail(*given: Any, **more: Any) -> None:
        write(*given, **more)
        raise OSError("the disk is full")

    with monkeypatch.context() as broken, outbox.pushes_due.connected_to(told.append):
        broken.setattr(outbox, name, fail)
        with pytest.raises(OSError, match="the disk is full"):
            site.step()
    assert (site.reached(broadcast), site.tally(broadcast), site.row(broadcast).cursor) == before
    assert told == []
    assert site.fan_out() == 1
    assert site.reached(broadcast) == browsers
    assert site.tally(broadcast)[State.QUEUED] == 5


def test_the_worker_is_told_when_there_is_something_to_send(site: Site) -> None:
    told: list[object] = []
    with outbox.pushes_due.connected_to(told.append):
        site.start()
        assert len(told) == 1  # the fan-out is to begin at once, whoever it is for
        site.fan_out()
        assert len(told) == 1  # to nobody
        site.browser()
        site.start()
        site.fan_out()
    assert len(told) == 3


def test_who_subscribes_after_the_send_gets_nothing_of_it(site: Site) -> None:
    browsers = site.browsers(4)
    broadcast = site.start()
    late = site.browser()
    site.step()
    later = site.browsers(3)
    site.fan_out()
    assert site.reached(broadcast) == browsers
    assert not {late, *later} & set(site.reached(broadcast))
    assert site.progress(broadcast).total == 4


def test_who_is_turned_off_before_their_step_gets_none_and_is_not_waited_for(site: Site) -> None:
    browsers = site.browsers(7)
    broadcast = site.start()
    site.step()
    site.turn_off(browsers[1], browsers[4])
    site.remove(browsers[5])
    site.fan_out()
    assert site.reached(broadcast) == [*browsers[:4], browsers[6]]
    assert site.progress(broadcast) == Progress(total=5, accepted=0, failed=0, is_done=False)


@pytest.mark.parametrize("gone", [[4], [3, 4], [1, 2, 3, 4], [0, 1, 2, 3, 4]])
def test_it_is_finished_also_when_the_last_browsers_are_gone(site: Site, gone: list[int]) -> None:
    browsers = site.browsers(5)
    broadcast = site.start()
    site.remove(*(browsers[place] for place in gone))
    site.fan_out()
    assert site.row(broadcast).fanned_out_at is not None
    assert site.reached(broadcast) == [browser for place, browser in enumerate(browsers) if place not in gone]
    assert site.progress(broadcast) == Progress(5 - len(gone), 0, 0, is_done=len(gone) == 5)


def test_to_nobody_is_done_at_once(site: Site) -> None:
    site.turn_off(site.browser())
    broadcast = site.start()
    assert site.progress(broadcast).total == 0
    assert site.fan_out() == 0
    assert site.progress(broadcast) == Progress(total=0, accepted=0, failed=0, is_done=True)
    assert site.progress(broadcast).waiting == 0


def test_a_step_is_no_longer_where_few_are_meant(site: Site) -> None:
    """Else it would look through all the others for them in one go."""
    browsers = [site.browser(locale="es" if place == 7 else "en") for place in range(8)]
    broadcast = site.start("language:es")
    seen = []
    while site.step():
        seen.append((site.row(broadcast).cursor - browsers[0] + 1, site.reached(broadcast)))
    assert seen == [(3, []), (6, []), (8, [browsers[7]])]


def test_ids_that_are_gone_take_no_step(site: Site) -> None:
    browsers = site.browsers(20)
    site.remove(*browsers[1:18])
    broadcast = site.start()
    assert site.fan_out() == 2
    assert site.reached(broadcast) == [browsers[0], *browsers[18:]]


def test_what_was_sent_first_goes_first(site: Site) -> None:
    site.browsers(4)
    first, second = site.start(), site.start()
    reached = []
    while site.step():
        reached.append((len(site.reached(first)), len(site.reached(second))))
    assert reached == [(3, 0), (4, 0), (4, 3), (4, 4)]


def test_two_that_look_in_the_same_instant_do_not_do_the_same_step(
    database: Database, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    browsers = site.browsers(6)
    broadcast = site.start()
    both_have_looked = threading.Barrier(2, timeout=10)

    def begin() -> None:
        both_have_looked.wait()
        begin_write()

    monkeypatch.setattr(service, "begin_write", begin)
    done: list[bool] = []
    threads = [threading.Thread(target=lambda: done.append(site.step())) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    if database.kind == SQLITE:  # one after the other
        assert done == [True, True]
    else:  # the second passes over what the first is at, unless that has come to its end already
        assert any(done)
        monkeypatch.undo()
        site.fan_out()
    assert site.reached(broadcast) == browsers
    assert site.tally(broadcast)[State.QUEUED] == 6


def test_a_step_that_was_done_meanwhile_is_not_done_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    browsers = site.browsers(3)
    broadcast = site.start()

    def begin() -> None:
        monkeypatch.setattr(service, "begin_write", begin_write)
        other = threading.Thread(target=site.fan_out)
        other.start()
        other.join(timeout=20)
        begin_write()

    monkeypatch.setattr(service, "begin_write", begin)
    assert not site.step()
    assert site.reached(broadcast) == browsers
