"""How gunicorn serves the service: one process of cooperative greenlets, so that thousands may wait at once."""

from typing import Any

# Underscored: gunicorn takes every other name of this file for a setting of its own.
from webpush_app.config import load as _load
from webpush_app.engine.keeper import kept as _kept
from webpush_app.logs import set_up as _set_up_logs

_settings = _load()

bind = f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"
worker_class = "webpush_app.server.Worker"
workers = 1
worker_connections = 2000
preload_app = False  # gevent has to patch the standard library before the app is imported
timeout = 60
graceful_timeout = 2  # a stop is over within three seconds
keepalive = 15
limit_request_line = 8190
limit_request_field_size = 8190
loglevel = "warning"
logger_class = "webpush_app.server.Logger"
proc_name = "webpush"
control_socket_disable = True


def when_ready(_server: object) -> None:
    if _settings.embedded_worker:
        _kept.start()


def on_exit(_server: object) -> None:
    _kept.stop()


def post_worker_init(worker: Any) -> None:
    from webpush_app.start import announce

    _set_up_logs()
    if worker.age == 1:  # not again when a worker is replaced
        announce(worker.wsgi)
