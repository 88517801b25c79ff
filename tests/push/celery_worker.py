"""Celery's worker with one thing changed, as in worker.py: `celery -A tests.push.celery_worker worker`."""

import os
import sys
from functools import partial
from pathlib import Path

from celery import signals

from tests.push.redirection import transport_options
from webpush_app import config
from webpush_app.engine.staff import Staff
from webpush_app.engine.tasks import employ
from webpush_app.protocol.transports import transport_named

_settings = config.load()
assert _settings.engine_url is not None
_options = transport_options(os.environ["PUSH_STAND_IN"], Path(os.environ["PUSH_CA_FILE"]))
celery = employ(Staff(partial(transport_named(_settings.push_transport), **_options)), _settings.engine_url)


@signals.worker_ready.connect  # type: ignore[untyped-decorator]  # it ships no types
def _say_so(**_: object) -> None:
    sys.stdout.write("Pushing\n")
    sys.stdout.flush()
