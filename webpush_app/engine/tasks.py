"""What Celery's workers do, and what of Celery's life tells them when to begin and to end."""

import logging
import time
from typing import Any

from celery import Celery, signals
from redis.exceptions import RedisError

from webpush_app import logs
from webpush_app.broadcasts.service import is_any_unfinished
from webpush_app.broker import EXTENSION
from webpush_app.broker.queues import DELIVER, TICK, TIDY, make_celery
from webpush_app.broker.site import Broker
from webpush_app.delivery import backlog, housekeeping
from webpush_app.delivery.models import Lane
from webpush_app.delivery.waking import QUEUE_OF
from webpush_app.engine.rounds import house_keeping
from webpush_app.engine.staff import Staff
from webpush_app.errors import DatabaseBusy
from webpush_app.logs import line

log = logging.getLogger(__name__)


def employ(staff: Staff, url: str) -> Celery:
    celery = make_celery(url)
    _give_tasks(celery, staff)
    _follow_the_life_of(staff)
    return celery


def _give_tasks(celery: Celery, staff: Staff) -> None:
    for queue, name in DELIVER.items():

        @celery.task(name=name)
        def deliver(queue: str = queue) -> None:
            staff.crew.deliver(queue)

    @celery.task(name=TICK)
    def tick() -> None:
        _tick(staff)

    @celery.task(name=TIDY)
    def put_in_order() -> None:
        _tidy(staff)


def _tick(staff: Staff) -> None:
    """Whatever was not woken for, is due again, or was left behind by a worker that is lost: a wake-up for it."""
    broker: Broker = staff.app.extensions[EXTENSION]
    try:
        broker.note_tick()
        with staff.app.app_context():
            due = backlog.lanes_due()
            if is_any_unfinished():
                due.add(Lane.BROADCAST)
    except (DatabaseBusy, RedisError) as problem:
        log.warning(line("tick_failed", why=type(problem).__name__, next="the next one comes in a moment"))
        return
    for lane in due:
        broker.wake(QUEUE_OF[lane])


def _tidy(staff: Staff) -> None:
    house = house_keeping(first_seconds=0.0)
    with staff.app.app_context():
        while not staff.is_stopping() and (seconds := house.step()) < housekeeping.EVERY_SECONDS:
            time.sleep(seconds)


def _follow_the_life_of(staff: Staff) -> None:
    def note_queues(instance: Any, **_more: Any) -> None:
        staff.queues = tuple(instance.app.amqp.queues.consume_from)

    # Of the parent's, before it forks: no thread and no connection is there yet.
    signals.setup_logging.connect(lambda **_: _log(), weak=False)
    signals.celeryd_after_setup.connect(note_queues, weak=False)
    signals.worker_init.connect(lambda **_: staff.app, weak=False)
    signals.worker_shutting_down.connect(lambda **_: staff.stop(), weak=False)
    # Of each process of the pool, and of a worker that has none.
    signals.worker_process_init.connect(lambda **_: staff.crew, weak=False)
    signals.worker_process_shutdown.connect(lambda **_: staff.leave(), weak=False)
    signals.worker_shutdown.connect(lambda **_: staff.leave(), weak=False)


def _log() -> None:
    logs.set_up()
    for name in ("celery", "kombu"):  # each task would be a line
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("celery.beat", "celery.bootsteps"):
        logging.getLogger(name).addFilter(_in_a_line)


def _in_a_line(record: logging.LogRecord) -> bool:
    """While Redis is away they fail every few seconds, and where in Celery that was says nothing."""
    record.msg, record.args, record.exc_info = record.getMessage().partition("\n")[0], (), None
    return True
