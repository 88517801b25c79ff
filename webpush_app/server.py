"""What of gunicorn is made to differ: its worker is gevent's, but stops at once and in silence when Ctrl-C asks for it,
and its log shows nothing private."""

import os
import signal
from typing import Any

import gevent
from gevent.lock import Semaphore
from gunicorn.glogging import Logger as GunicornLogger
from gunicorn.workers.ggevent import GeventWorker

from webpush_app.logs import QuietFormatter

_LIVE = "webpush_live"  # as in notifications/waking.py, which must not be imported before gevent has patched
_LAST_ANSWERS_SECONDS = 0.3
_LONGEST_TURN_SECONDS = 0.05  # for others; under a flood the loop is never idle
_SOCKETS = "/socket.io/"
_LONGEST_LINE = 1000  # more would leave no connection for pages: those are served as pages are


class Worker(GeventWorker):
    _one_by_one = Semaphore()
    _waiting = 0

    def init_signals(self) -> None:
        super().init_signals()
        # Through gevent's loop: a plain handler would wait until the loop wakes up for something else.
        for number in (signal.SIGINT, signal.SIGQUIT):
            gevent.signal_handler(number, self.handle_quit, number, None)
        gevent.signal_handler(signal.SIGTERM, self.handle_exit, signal.SIGTERM, None)

    def handle_exit(self, signal_number: int, frame: Any) -> None:
        """What is under way is finished. Sockets never are: they are told to go, and do not hold up the end."""
        super().handle_exit(signal_number, frame)
        self._send_sockets_away()

    def handle_request(self, listener_name: Any, request: Any, client: Any, address: Any) -> Any:
        if request.path == _SOCKETS:
            request.force_close()  # a refusal is the end of the connection: nobody is served twice before the others
            self._wait_in_line()
        else:
            _give_way()
        return super().handle_request(listener_name, request, client, address)

    def _wait_in_line(self) -> None:
        """Who wants a socket has a turn after the one before, and those who want pages have theirs in between: where a
        thousand come back at once, or many mean no good, whoever turns a page hardly notices."""
        if self._waiting >= _LONGEST_LINE:
            _give_way()
            return
        self._waiting += 1
        try:
            with self._one_by_one:
                _give_way()
        finally:
            self._waiting -= 1

    def handle_quit(self, _signal: int, _frame: Any) -> None:
        # gevent's own leaves by raising SystemExit in a greenlet, which prints a traceback on the way out. Nothing is
        # left to tidy: what was answered is committed, and the rest was never promised.
        self.alive = False
        self._send_sockets_away()
        gevent.sleep(_LAST_ANSWERS_SECONDS)
        os._exit(0)

    def _send_sockets_away(self) -> None:
        live = getattr(getattr(self, "wsgi", None), "extensions", {}).get(_LIVE)  # no app while it is loaded
        if live is not None:
            live.leave()


def _give_way() -> None:
    """A connection whose next request is already there would be served again without a pause. Waiting until the loop
    has nothing else to hand out gives everybody a turn; `sleep(0)` comes back before the sockets are read."""
    with gevent.Timeout(_LONGEST_TURN_SECONDS, exception=False):
        gevent.idle()


class Logger(GunicornLogger):
    """Errors on the way to the app, with their addresses and their words, are gunicorn's to write down."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(QuietFormatter(self.error_fmt, self.datefmt))
