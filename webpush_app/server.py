"""What of gunicorn is made to differ: its worker is gevent's, but stops at once and in silence when Ctrl-C asks for it,
goes only when another can serve, and its log shows nothing private."""

import logging
import os
import signal
import sys
import time
from typing import Any

import gevent
from gevent.lock import Semaphore
from gunicorn.glogging import Logger as GunicornLogger
from gunicorn.workers.ggevent import GeventWorker

from webpush_app.handover import handover
from webpush_app.logs import QuietFormatter

_OURS = "webpush_app"
_LIVE = "webpush_live"  # as in notifications/waking.py, which must not be imported before gevent has patched
_LAST_ANSWERS_SECONDS = 0.3
_HANDOVER_SECONDS = 30.0  # whoever follows has either come by then, or will not
_LOOK_EVERY_SECONDS = 0.05
_LISTENS_ON_SECONDS = 1.2  # after it was told to go: gunicorn looks once a second
_LONGEST_TURN_SECONDS = 0.05  # for others; under a flood the loop is never idle
_SOCKETS = "/socket.io/"
_LONGEST_LINE = 1000  # more would leave no connection for pages: those are served as pages are


class Worker(GeventWorker):
    _one_by_one = Semaphore()
    _waiting = 0
    _is_going = False

    def load_wsgi(self) -> None:
        """From the files as they are now. What the master imported of ours, it did when it was started, and old and new
        code would be mixed: a process is forked with all that the master has loaded."""
        for name in [name for name in sys.modules if name.partition(".")[0] == _OURS]:
            del sys.modules[name]
        super().load_wsgi()

    def init_signals(self) -> None:
        super().init_signals()
        # Through gevent's loop: a plain handler would wait until the loop wakes up for something else.
        for number in (signal.SIGINT, signal.SIGQUIT):
            gevent.signal_handler(number, self.handle_quit, number, None)
        gevent.signal_handler(signal.SIGTERM, self.handle_exit, signal.SIGTERM, None)

    def handle_exit(self, signal_number: int, frame: Any) -> None:
        """What is under way is finished. Sockets never are: they are told to go, and do not hold up the end.

        On a reload, which says it again every second, that is once those that follow can serve; and sockets are told
        when this one listens no more, so that they come back to another.
        """
        if self._is_going:
            return
        self._is_going = True
        latest = time.monotonic() + _HANDOVER_SECONDS
        while handover.has_to_be_waited_for_by(self.age) and time.monotonic() < latest:
            gevent.sleep(_LOOK_EVERY_SECONDS)
        super().handle_exit(signal_number, frame)
        if handover.is_followed(self.age):
            gevent.sleep(_LISTENS_ON_SECONDS)
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
        self.write_with(QuietFormatter)

    def write_with(self, formatter: type[logging.Formatter]) -> None:
        for handler in self.error_log.handlers:
            handler.setFormatter(formatter(self.error_fmt, self.datefmt))
