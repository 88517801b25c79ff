"""How gunicorn serves the service: processes of cooperative greenlets, so that thousands may wait at once.

SIGHUP takes new code: the listener stays open, and the old processes go once new ones can serve. SIGUSR2 (a second
master beside the first) is not needed, and not served: for a new Python or new packages the server is started again,
and where systemd holds the listener nobody is refused meanwhile.
"""

import signal as _signal
from typing import Any

# Underscored: gunicorn takes every other name of this file for a setting of its own.
from webpush_app.config import load as _load
from webpush_app.engine.keeper import kept as _kept
from webpush_app.handover import handover as _handover

_settings = _load()

bind = f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"
backlog = 2048  # who comes while the server is started again waits here
worker_class = "webpush_app.server.Worker"
workers = _settings.web_processes
worker_connections = 2000  # in each; 1,800 of them may be sockets
max_requests = 0  # nothing grows with the requests, and to start anew would cut off a process's sockets
preload_app = False  # gevent has to patch the standard library before the app is imported, and SIGHUP takes new code
timeout = 60
# What is under way is finished before a process goes. Without a proxy that can be a visitor who never sends the rest,
# and a stop is over within three seconds; a proxy hands over whole requests, which end by themselves.
graceful_timeout = 30 if _settings.trusted_proxies else 2
keepalive = 15
# How large a body may be is the app's to say.
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190
# Whom to believe about a visitor is TRUSTED_PROXIES' to say. gunicorn would believe whoever is on this machine.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
loglevel = "warning"
logger_class = "webpush_app.server.Logger"
proc_name = "webpush"
control_socket_disable = True


def when_ready(_server: object) -> None:
    if _settings.embedded_worker:
        _kept.start()
    _signal.signal(_signal.SIGUSR2, _signal.SIG_IGN)  # gunicorn would begin a second master, and could not


def on_reload(server: Any) -> None:
    _handover.expect(server.worker_age + 1)


def on_exit(_server: object) -> None:
    _kept.stop()


def post_worker_init(worker: Any) -> None:
    # Not the master's, which are as old as it is.
    from webpush_app.logs import QuietFormatter, set_up
    from webpush_app.start import announce

    set_up()
    worker.log.write_with(QuietFormatter)
    if worker.age == 1:  # one says it for all, and not again when it is replaced
        announce(worker.wsgi)
    _handover.arrive(worker.age)
