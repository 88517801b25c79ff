"""Celery as it is set up here: which queues and tasks there are, for those who publish and for the workers alike.

Its messages are wake-ups and say nothing: what is due stands in the outbox, and a wake-up that is lost, comes twice or
comes late does no harm. So there are no results, no retries by the broker, and no tasks for a later time.
"""

from typing import Any

from celery import Celery

from webpush_app.broker import BROADCASTS, CHORES, MESSAGES
from webpush_app.broker.connection import PATIENCE_SECONDS, PREFIX

QUEUES = (MESSAGES, BROADCASTS, CHORES)
TICK, TIDY = "tick", "tidy"
DELIVER = {MESSAGES: "deliver_messages", BROADCASTS: "deliver_broadcasts"}

TICK_SECONDS = 5.0
TIDY_SECONDS = 3600.0
_STARTS_WITHIN_SECONDS = 60.0  # a child, also on a busy machine
_ENDS_WITHIN_SECONDS = 15.0  # a stop that may not wait for what is under way


def make_celery(url: str) -> Celery:
    celery = Celery("webpush", broker=url, set_as_current=False)
    celery.conf.update(_SETTINGS)
    return celery


def _every(seconds: float, task: str, queue: str) -> dict[str, Any]:
    """Nobody needs one that is late: the next one comes."""
    return {"task": task, "schedule": seconds, "options": {"queue": queue, "expires": min(seconds, 60.0)}}


_SETTINGS: dict[str, Any] = {
    "task_queues": {name: {} for name in QUEUES},
    "task_default_queue": CHORES,
    "task_create_missing_queues": False,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_ignore_result": True,
    "worker_disable_prefetch": True,  # a wake-up goes to whoever has nothing to do
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_proc_alive_timeout": _STARTS_WITHIN_SECONDS,
    "worker_soft_shutdown_timeout": _ENDS_WITHIN_SECONDS,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "broker_transport": "webpush_app.broker.transport:Transport",
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_connection_timeout": PATIENCE_SECONDS,
    "broker_transport_options": {
        "global_keyprefix": PREFIX,
        "socket_connect_timeout": PATIENCE_SECONDS,
        "socket_timeout": 2 * PATIENCE_SECONDS,  # longer than a worker waits for the next message
    },
    "timezone": "UTC",
    # Nothing has to be remembered from one start to the next, so there is no file to keep.
    "beat_scheduler": "celery.beat:Scheduler",
    "beat_max_loop_interval": TICK_SECONDS,
    # First the queue that never is busy for long.
    "beat_schedule": {TICK: _every(TICK_SECONDS, TICK, MESSAGES), TIDY: _every(TIDY_SECONDS, TIDY, CHORES)},
}
