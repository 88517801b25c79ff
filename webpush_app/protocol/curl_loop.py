"""libcurl's multi interface, driven by the sockets that it waits for: a loop that waits uses no time of the processor,
whatever is under way, and anybody can end its waiting."""

import selectors
import time

import pycurl

from webpush_app.protocol.bell import Bell
from webpush_app.protocol.hosts import MOST_CONNECTIONS

MOST_KEPT_CONNECTIONS = 100

Ended = tuple[pycurl.Curl, int]
"""A transfer that has ended, and libcurl's code: 0 when nothing went wrong."""


class CurlLoop:
    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._added = 0
        self._running = 0
        """As libcurl counts them: fewer than were added when some have ended."""
        self._timer_at: float | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(bell, selectors.EVENT_READ)
        self._watched: dict[int, int] = {}
        """By descriptor, what for: the selector's own map is slow to ask."""
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, MOST_CONNECTIONS)
        self._multi.setopt(pycurl.M_MAXCONNECTS, MOST_KEPT_CONNECTIONS)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)

    def add(self, easy: pycurl.Curl) -> None:
        self._multi.add_handle(easy)
        self._added += 1
        self._running += 1

    def remove(self, easy: pycurl.Curl) -> None:
        self._multi.remove_handle(easy)
        self._added -= 1

    def turn(self, seconds: float) -> tuple[list[Ended], bool]:
        """Waits at most so long for something to happen, and does what is to be done. Gives the transfers that have
        ended, and whether the bell rang."""
        has_rung = False
        for key, events in self._selector.select(self._wait_seconds(seconds)):
            if key.fileobj is self._bell:
                has_rung = True
                self._bell.quieten()
            else:
                self._act(key.fd, events)
        if self._timer_at is not None and self._timer_at <= time.monotonic():
            self._timer_at = None
            self._act(pycurl.SOCKET_TIMEOUT, 0)
        return self._ended() if self._running < self._added else [], has_rung

    def close(self) -> None:
        self._multi.close()
        self._selector.close()

    def _act(self, descriptor: int, events: int) -> None:
        _code, self._running = self._multi.socket_action(descriptor, events)

    def _wait_seconds(self, seconds: float) -> float:
        if self._running < self._added:
            return 0.0
        if self._timer_at is not None:
            seconds = min(seconds, self._timer_at - time.monotonic())
        return max(0.0, seconds)

    def _ended(self) -> list[Ended]:
        waiting, ended = 1, []
        while waiting:
            waiting, fine, failed = self._multi.info_read()
            ended += [(easy, 0) for easy in fine]
            ended += [(easy, code) for easy, code, _words in failed]
        return ended

    def _watch(self, events: int, descriptor: int, _multi: object, _more: object) -> None:
        """What libcurl waits for. Its numbers for reading and writing are those of Python's selectors."""
        known = self._watched.pop(descriptor, None)
        if events == pycurl.POLL_REMOVE:
            if known is not None:
                self._selector.unregister(descriptor)
            return
        if known is None:
            self._selector.register(descriptor, events)
        elif known != events:
            self._selector.modify(descriptor, events)
        self._watched[descriptor] = events

    def _set_timer(self, milliseconds: int) -> None:
        self._timer_at = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000
