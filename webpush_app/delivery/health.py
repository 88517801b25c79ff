"""What `/readyz` asks of the delivery: whether the database answers, somebody sends, and nothing waits for too long."""

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import select

from webpush_app import clock
from webpush_app.broker import EXTENSION
from webpush_app.database import db
from webpush_app.delivery import backlog, beats
from webpush_app.delivery.models import Lane
from webpush_app.subscriptions import keyring
from webpush_app.web.readiness import Check, HealthChecks

LONGEST_WAIT = timedelta(seconds=60)


def database() -> Check:
    db.session.execute(select(1))
    return Check(True, "It answers.")


def worker() -> Check:
    """Where the site starts no worker itself and none was ever seen, it says so and stays ready: pages are served
    before the workers on other machines have started. Whatever then waits for too long is found by the next check."""
    alive = [one for one in beats.list_workers() if one.is_alive]
    if alive:
        return Check(True, f"{len(alive)} alive." if len(alive) > 1 else "One is alive.")
    last = beats.last_seen_at()
    if last is not None:
        seconds = (clock.now() - last).total_seconds()
        return Check(False, "None is alive. See its log, and that it is running.", seconds)
    if current_app.config["SETTINGS"].embedded_worker:
        return Check(False, "None has started yet.")
    return Check(True, "Not asked: EMBEDDED_WORKER is false, and no worker was ever seen. Pushes wait for one.")


def oldest_due() -> Check:
    """What is personal must not wait. A broadcast to a million does by its nature: it is late only when nothing moves.

    What waits for the admin's contact address, or for a push service that is spared, says nothing about this site.
    """
    if keyring.contact() is None:
        return Check(True, "Not asked: pushes wait until an admin has given a contact address.")
    waited = backlog.list_waited()
    personal, broadcast = (backlog.longest_wait(lane, waited) for lane in (Lane.PERSONAL, Lane.BROADCAST))
    if personal > LONGEST_WAIT:
        return Check(False, "A message waits for too long. See the worker's log.", personal.total_seconds())
    if broadcast > LONGEST_WAIT and not _has_settled_since(clock.now() - LONGEST_WAIT):
        return Check(False, "A broadcast waits, and nothing moves. See the worker's log.", broadcast.total_seconds())
    return Check(True, "Nothing waits for too long.", max(personal, broadcast).total_seconds())


def broker() -> Check:
    """Without it everything goes on, only a little later: the site is ready all the same, and it is said."""
    match current_app.extensions[EXTENSION].is_heard_ticking():
        case None:
            return Check(True, "Redis does not answer. Workers and pages look by themselves until it does.")
        case False:
            return Check(True, "It answers, and nobody ticks. See that one beat is running, and a worker of messages.")
    return Check(True, "It answers, and ticks are heard.")


CHECKS: HealthChecks = {"database": database, "worker": worker, "oldest_due": oldest_due}


def _has_settled_since(moment: datetime) -> bool:
    said = [one.counters.get("settled_at") for one in beats.list_workers()]
    return any(datetime.fromisoformat(at) >= moment for at in said if at)
