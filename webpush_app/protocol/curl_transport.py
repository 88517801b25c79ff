"""The fast transport: libcurl's multi interface. Many pushes travel as streams of a few HTTP/2 connections, and where a
push service speaks HTTP/1.1 alone, over up to 20 connections that are kept. One thread drives it all."""

import re
import time
from collections.abc import Callable, Iterable

import pycurl
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from webpush_app.protocol.bell import Bell
from webpush_app.protocol.curl_loop import CurlLoop
from webpush_app.protocol.curl_transfer import LATE, CannotBeSent, Transfer
from webpush_app.protocol.hosts import Call, Host, Place
from webpush_app.protocol.names import Names
from webpush_app.protocol.source import Source
from webpush_app.protocol.transport import (
    DEADLINE_SECONDS,
    IDLE_SECONDS,
    PUBLIC,
    AddressRule,
    Answer,
    NoAnswer,
    Request,
    Resolver,
    Trouble,
    by_dns,
)

MOST_HOSTS = 500
TOGETHER = 16
"""While there is more to send, so many requests leave at once, and what has come waits for them. Each way into libcurl
costs the processor more than the request itself, because an encryption comes between."""
LONGEST_TOGETHER_SECONDS = 0.005
"""Where it takes longer to pull them."""

# Nothing that libcurl and we might read differently. Whether the host is a push service is judged elsewhere.
_URL = re.compile(r"https://([A-Za-z0-9.-]+)(?::443)?/[!-~]*", re.ASCII)
_NOT_HTTPS = NoAnswer(Trouble.ADDRESS_REFUSED, "only https addresses of named hosts are called")
_NOT_SENT = NoAnswer(Trouble.BAD_ANSWER, "it could not be asked")
_TOO_LATE = NoAnswer(Trouble.TIMEOUT, LATE)


class CurlTransport:
    def __init__(
        self,
        *,
        rule: AddressRule = PUBLIC,
        resolve: Resolver = by_dns,
        ca_file: str | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
        parallel: int = 256,
    ) -> None:
        """All addresses that `resolve` gives for a name must have the same port."""
        self.parallel = parallel
        self._rule = rule
        self._ca_file = ca_file or DEFAULT_CA_BUNDLE_PATH
        self._deadline_seconds = deadline_seconds
        self._is_woken = False
        self._is_open = True
        self._bell = Bell()
        self._names = Names(rule, resolve, self._bell)
        self._loop = CurlLoop(self._bell)
        self._hosts: dict[str, Host] = {}
        self._waiting: set[Host] = set()
        """Those at which somebody waits."""
        self._flying: dict[pycurl.Curl, Transfer] = {}
        self._idle: list[Transfer] = []
        self._under_way = 0
        self._turned_at = 0.0

    def exchange(
        self,
        requests: Iterable[tuple[int, Request] | None],
        answered: Callable[[int, Answer | NoAnswer], None],
    ) -> None:
        source = Source(requests, answered)
        rest_ends_at, begun = 0.0, 0
        try:
            while True:
                if self._under_way < self.parallel and (pulled := source.pull()):
                    self._begin(source, *pulled)
                    begun += 1
                    if begun % TOGETHER == 0 or time.monotonic() - self._turned_at > LONGEST_TOGETHER_SECONDS:
                        self._turn(source, 0.0)
                elif source.is_over and not self._under_way:
                    break
                elif not source.rests:
                    self._turn(source, IDLE_SECONDS)
                else:
                    now = time.monotonic()
                    rest_ends_at = rest_ends_at or now + IDLE_SECONDS
                    self._turn(source, rest_ends_at - now)
                    source.rests = source.rests and time.monotonic() < rest_ends_at
                if not source.rests:
                    rest_ends_at = 0.0
        finally:
            self._abandon()
        source.finish()

    def wake(self) -> None:
        self._is_woken = True
        self._bell.ring()

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._abandon()
            for transfer in self._idle:
                transfer.easy.close()
            self._loop.close()
            self._bell.close()

    def _begin(self, source: Source, key: int, request: Request) -> None:
        found = _URL.fullmatch(request.url)
        if found is None:
            source.tell(key, _NOT_HTTPS)
            return
        self._under_way += 1
        host = self._hosts.get(found[1]) or self._host(found[1].lower())
        host.waiting.append(Call(key, request, host, time.monotonic() + self._deadline_seconds))
        self._go_on(source, host)

    def _host(self, name: str) -> Host:
        host = self._hosts.get(name)
        if host is None:
            if len(self._hosts) >= MOST_HOSTS:
                self._hosts = {one.name: one for one in self._hosts.values() if not one.is_idle}
            host = self._hosts[name] = Host(name)
        return host

    def _go_on(self, source: Source, host: Host) -> None:
        """Sends what waits at this host, as far as there is room."""
        while host.waiting and host.has_room() and (place := self._names.place(host)):
            self._launch(source, host.waiting.popleft(), place)
        if host.waiting:
            self._waiting.add(host)
        else:
            self._waiting.discard(host)

    def _launch(self, source: Source, call: Call, place: Place) -> None:
        transfer = self._idle.pop() if self._idle else Transfer(self._rule, self._ca_file)
        try:
            transfer.prepare(call, place)
        except CannotBeSent:
            self._idle.append(transfer)
            self._end(source, call, _NOT_SENT)
        else:
            call.host.start()
            self._flying[transfer.easy] = transfer
            self._loop.add(transfer.easy)

    def _turn(self, source: Source, seconds: float) -> None:
        if self._waiting:
            seconds = min(seconds, min(host.looks_again_at() for host in self._waiting) - time.monotonic())
        ended, has_rung = self._loop.turn(seconds)
        if ended:
            self._land([(self._flying.pop(easy), code) for easy, code in ended], source)
        if has_rung:
            if self._is_woken:
                self._is_woken = source.rests = False
            for host, found in self._names.news():
                if isinstance(found, NoAnswer):
                    self._end_all(source, host, found)
        for host in list(self._waiting):
            self._end_the_late(source, host)
            self._go_on(source, host)
        self._turned_at = time.monotonic()

    def _land(self, ended: list[tuple[Transfer, int]], source: Source) -> None:
        for transfer, code in ended:
            call, answer = transfer.call, transfer.answer(code)
            is_unread = code == pycurl.E_SEND_FAIL_REWIND and self._is_unread(transfer)
            call.host.end(2 if is_unread else transfer.http)
            if call.host.flying == 0:
                call.host.kept_socket = -1 if transfer.is_cut else transfer.easy.getinfo(pycurl.ACTIVESOCKET)
            self._loop.remove(transfer.easy)
            self._idle.append(transfer)
            if is_unread:
                call.is_again = True
                call.host.waiting.appendleft(call)
                self._waiting.add(call.host)
            else:
                self._end(source, call, answer)

    def _is_unread(self, transfer: Transfer) -> bool:
        """Of one that libcurl would send again: whether its connection lives on with others. Then the service refused
        this stream alone, as it does when it has had enough of a connection, and it is safe to send it once more."""
        call, connection = transfer.call, transfer.connection
        return not call.is_again and any(
            other.call.host is call.host and other.connection == connection for other in self._flying.values()
        )

    def _end_all(self, source: Source, host: Host, answer: NoAnswer) -> None:
        """Whose name could not be found, if it is not known from before."""
        while host.place is None and host.waiting:
            self._end(source, host.waiting.popleft(), answer)

    def _end_the_late(self, source: Source, host: Host) -> None:
        """Also those whose answer could hardly come in time: they would be sent, and nobody would hear of it."""
        too_late = time.monotonic() + self._deadline_seconds / 10
        while host.waiting and host.waiting[0].ends_at <= too_late:
            self._end(source, host.waiting.popleft(), _TOO_LATE)

    def _end(self, source: Source, call: Call, answer: Answer | NoAnswer) -> None:
        self._under_way -= 1
        source.tell(call.key, answer)

    def _abandon(self) -> None:
        """What is still under way when an exchange breaks off."""
        for easy, transfer in self._flying.items():
            self._loop.remove(easy)
            self._idle.append(transfer)
            transfer.call.host.end(0)
        for host in self._waiting:
            host.waiting.clear()
        self._flying.clear()
        self._waiting.clear()
        self._under_way = 0
