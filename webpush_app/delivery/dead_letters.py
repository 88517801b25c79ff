"""Dead letters: pushes that were given up. They can be looked at, and sent again.

Sent again, a push begins anew: it is due now, has all its attempts and, where its time is over, as much time as it had.
A few hundred are written at once, so that nobody waits for them; what is written is done, wherever it ends after that.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, select, update

from webpush_app import clock
from webpush_app.database import after_commit, begin_write, db
from webpush_app.delivery import outbox, trial, walking
from webpush_app.delivery.models import Lane, Push, PushAttempt, State
from webpush_app.delivery.walking import Wanted, Watch
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.push_services import PushService

DEAD = frozenset({State.FAILED, State.EXPIRED})
STEP = 500
# Whoever writes meanwhile has to get a turn between two steps.
BETWEEN_STEPS_SECONDS = 0.02


@dataclass(frozen=True)
class Group:
    """How many were given up for the same reason by the same push service."""

    host: str
    reason: str
    number: int


@dataclass(frozen=True)
class Groups:
    groups: Sequence[Group]
    # There was no time to look through all of the outbox: older ones are not counted.
    was_cut_short: bool = False

    @property
    def number(self) -> int:
        return sum(group.number for group in self.groups)


@dataclass
class Replayed:
    """How many are sent again, and how many are not, by the reason (as a push says why it was dropped)."""

    number: int = 0
    left: Counter[str] = field(default_factory=Counter)
    # There was no time for all of them.
    was_cut_short: bool = False


def count(wanted: Wanted, watch: Watch | None = None) -> Groups:
    """The largest group first."""
    counted: Counter[tuple[int, str]] = Counter()
    was_cut_short = False
    for first, last in walking.backwards():
        query = select(Push.service_id, func.coalesce(Push.reason, ""), func.count())
        query = query.where(Push.id >= first, Push.id <= last, *_dead(wanted)).group_by(Push.service_id, Push.reason)
        for service_id, reason, number in db.session.execute(query):
            counted[service_id, reason] += number
        if watch and watch.is_over and first > 1:
            was_cut_short = True
            break
    hosts = {row.id: row.host for row in db.session.execute(select(PushService.id, PushService.host))}
    groups = [Group(hosts.get(service_id, ""), reason, number) for (service_id, reason), number in counted.items()]
    return Groups(sorted(groups, key=lambda one: (-one.number, one.host, one.reason)), was_cut_short)


def why_left(recipient_id: int | None, browser: PushSubscription | Row[Any] | None) -> str | None:
    """Why it would not be sent again: as it would be dropped in its turn."""
    if browser is None or browser.id is None:
        return "browser_removed"
    if browser.off_at is not None:
        return f"browser_{browser.off_because}"
    if recipient_id is not None and browser.user_id != recipient_id:
        return "somebody_elses"
    return None


def replay_some(push_ids: Collection[int], *, is_trial: bool = False) -> Replayed:
    """Those of them that are dead letters, and whose browser still wants them. Within the caller's transaction, which
    may write unless this is a trial."""
    replayed = Replayed()
    rows = []
    for row in _read(push_ids, is_locked=not is_trial):
        reason = why_left(row.recipient_id, row)
        if reason:
            replayed.left[reason] += 1
        else:
            rows.append(row)
    replayed.number = len(rows)
    if rows and not is_trial:
        _write(rows)
    return replayed


def replay(
    wanted: Wanted,
    *,
    begin: Callable[[], object] = begin_write,
    is_trial: bool = False,
    watch: Watch | None = None,
) -> Replayed:
    """All that are wanted, a step at a time, and none twice: one that is given up again meanwhile stays so. Commits;
    `begin` begins each step's transaction."""
    watch = watch or Watch()
    return _replay(_steps(wanted, watch), begin, watch, is_trial=is_trial)


def replay_numbers(
    push_ids: Collection[int], *, begin: Callable[[], object] = begin_write, is_trial: bool = False
) -> Replayed:
    numbers = sorted(set(push_ids))
    steps = (numbers[start : start + STEP] for start in range(0, len(numbers), STEP))
    return _replay(steps, begin, Watch(), is_trial=is_trial)


def _replay(steps: Iterable[Sequence[int]], begin: Callable[[], object], watch: Watch, *, is_trial: bool) -> Replayed:
    total = Replayed()
    for push_ids in steps:
        if watch.is_over:
            total.was_cut_short = True
            break
        if not is_trial:
            begin()
        done = replay_some(push_ids, is_trial=is_trial)
        db.session.commit()
        if not is_trial:
            time.sleep(BETWEEN_STEPS_SECONDS)
        total.number += done.number
        total.left += done.left
    return total


def _steps(wanted: Wanted, watch: Watch) -> Iterator[Sequence[int]]:
    """An empty one says that there may be more, and no time is left to look for it."""
    newest = walking.newest_number()
    for first, last in walking.forwards(newest):
        done = first - 1
        while done < last:
            query = select(Push.id).where(Push.id > done, Push.id <= last, *_dead(wanted)).order_by(Push.id)
            push_ids = db.session.scalars(query.limit(STEP)).all()
            if push_ids:
                yield push_ids
            elif watch.is_over:
                yield ()
            done = push_ids[-1] if len(push_ids) == STEP else last


def _dead(wanted: Wanted) -> list[ColumnElement[bool]]:
    return [Push.state.in_(sorted(DEAD)), *wanted.conditions()]


def _read(push_ids: Collection[int], *, is_locked: bool) -> Sequence[Any]:
    """Each with what there is of its browser. Rows and not objects: they may be very many."""
    push = (Push.kind, Push.subject_id, Push.lane, Push.state, Push.recipient_id, Push.created_at, Push.expires_at)
    browser = (PushSubscription.id, PushSubscription.user_id, PushSubscription.off_at, PushSubscription.off_because)
    query = select(Push.id.label("push_id"), *push, *browser)
    query = query.outerjoin(PushSubscription, PushSubscription.id == Push.subscription_id)
    query = query.where(Push.id.in_(push_ids), Push.state.in_(sorted(DEAD))).order_by(Push.id)
    return db.session.execute(query.with_for_update(of=Push) if is_locked else query).all()


def _write(rows: Sequence[Any]) -> None:
    _remember([row.push_id for row in rows])
    moment = clock.now()
    lasting: dict[datetime, list[int]] = {}
    for row in rows:
        lasts_until = row.expires_at if row.expires_at > moment else moment + _lasts(row)
        lasting.setdefault(lasts_until, []).append(row.push_id)
    for expires_at, push_ids in lasting.items():
        again = update(Push).where(Push.id.in_(push_ids)).values(**_ANEW, due_at=moment, expires_at=expires_at)
        db.session.execute(again.execution_options(synchronize_session=False))
    _take_off_the_tally(rows)
    for lane in {Lane(row.lane) for row in rows}:
        after_commit(outbox.TellDue(lane))


def _lasts(row: Any) -> timedelta:
    """What was sent again before has a later end than it was given at first: that is no measure for the next one."""
    as_usual = outbox.BROADCAST_LASTS if row.lane == Lane.BROADCAST else outbox.MESSAGE_LASTS
    most = trial.LASTS if row.kind == trial.KIND else as_usual
    lasted: timedelta = row.expires_at - row.created_at
    return min(lasted, most)


# What it was answered last stays, until the next answer.
_ANEW: dict[str, Any] = {
    "state": State.QUEUED,
    "attempts": 0,
    "crashes": 0,
    "is_short": False,
    "first_attempt_at": None,
    "lease_token": None,
}


def _remember(push_ids: Collection[int]) -> None:
    """The answer that was the last one until now, for the trail: the row itself takes the next one."""
    answer = (Push.answered_at, Push.answer_status, Push.reason, Push.said)
    last = select(Push.id, *answer).where(Push.id.in_(push_ids), Push.answered_at.is_not(None))
    columns = ["push_id", "at", "answer_status", "reason", "said"]
    db.session.execute(insert(PushAttempt).from_select(columns, last))


def _take_off_the_tally(rows: Sequence[Any]) -> None:
    """Pushes to many were counted as they ended, and are to be counted again."""
    ended: dict[tuple[str, int], Counter[State]] = {}
    for row in rows:
        if row.lane == Lane.BROADCAST:
            ended.setdefault((row.kind, row.subject_id), Counter())[State(row.state)] += 1
    for (kind, subject_id), states in ended.items():
        outbox.count(kind, subject_id, {state: -number for state, number in states.items()})
