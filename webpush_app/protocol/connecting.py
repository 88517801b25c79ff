"""How one exchange reaches its service, and until when: the name is looked up once, every address is judged, and what
was judged is what is connected to, so that a second answer of DNS cannot lead elsewhere.

urllib3's timeouts start anew with every byte that arrives. Here each wait of a socket ends at the exchange's one
deadline, whatever the service drips.
"""

import socket
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextvars import ContextVar
from threading import Thread
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPSConnection

from webpush_app.protocol.transport import AddressRule, NoAnswer, Resolver, SocketAddress, Trouble

KEPT_HOSTS = 64
LATE = "no whole answer before the deadline"

_Addresses = Sequence[tuple[int, SocketAddress]]


class Way:
    """Of one exchange. It notes what stopped it, because urllib3 and Requests wrap errors in errors."""

    def __init__(self, rule: AddressRule, resolve: Resolver, deadline_seconds: float) -> None:
        self._rule = rule
        self._resolve = resolve
        self._ends_at = time.monotonic() + deadline_seconds
        self.stopped_by: NoAnswer | None = None
        self.is_at_end = False
        """The service ended the connection. http.client takes headers that break off for whole ones."""

    def remaining_seconds(self) -> float:
        seconds = self._ends_at - time.monotonic()
        if seconds <= 0:
            raise self.stopped(Trouble.TIMEOUT, LATE)
        return seconds

    def stopped(self, trouble: Trouble, detail: str) -> OSError:
        """To be raised. What was noted first is the cause."""
        self.stopped_by = self.stopped_by or NoAnswer(trouble, detail)
        return TimeoutError(detail) if trouble is Trouble.TIMEOUT else OSError(detail)

    def connect(self, host: str, port: int) -> socket.socket:
        addresses = self._look_up(host, port)
        for _family, address in addresses:
            if not self._rule(address[0]):
                raise self.stopped(Trouble.ADDRESS_REFUSED, f"{host} has an address that is not public: {address[0]}")
        said = ""
        for number, (family, address) in enumerate(addresses):
            try:
                # An address that swallows everything leaves time for the next one.
                return _open(family, address, self.remaining_seconds() / (len(addresses) - number))
            except OSError as problem:
                said = problem.strerror or type(problem).__name__
        self.remaining_seconds()
        raise self.stopped(Trouble.REFUSED, f"no connection to {host}: {said}")

    def _look_up(self, host: str, port: int) -> _Addresses:
        """In a thread of its own: nothing else can end a look-up that hangs. The thread ends with the look-up."""
        found: Future[_Addresses] = Future()
        Thread(target=_fulfil, args=(found, self._resolve, host, port), name="push-dns", daemon=True).start()
        try:
            addresses = found.result(self.remaining_seconds())
        except (OSError, UnicodeError) as problem:
            self.remaining_seconds()
            raise self.stopped(Trouble.DNS, f"no address of {host}: {type(problem).__name__}") from problem
        if not addresses:
            raise self.stopped(Trouble.DNS, f"no address of {host}")
        return addresses


current_way: ContextVar[Way] = ContextVar("current_way")
"""Of the exchange that this thread is at. A kept connection serves many exchanges and must ask whose turn it is."""


def _fulfil(found: Future[_Addresses], resolve: Resolver, host: str, port: int) -> None:
    try:
        found.set_result(resolve(host, port))
    except BaseException as problem:  # noqa: BLE001 - it is raised again where it is waited for
        found.set_exception(problem)


def _open(family: int, address: SocketAddress, timeout_seconds: float) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.settimeout(timeout_seconds)
        opened.connect(address)
    except BaseException:
        opened.close()
        raise
    return opened


class _TimedSocket(ssl.SSLSocket):
    """Waits no longer than the exchange may take, each time it waits."""

    def do_handshake(self, block: bool = False) -> None:
        way = current_way.get()
        self.settimeout(way.remaining_seconds())
        try:
            super().do_handshake(block)
        except (OSError, ValueError) as problem:
            way.remaining_seconds()
            detail = getattr(problem, "verify_message", "") or getattr(problem, "reason", "") or type(problem).__name__
            raise way.stopped(Trouble.TLS, f"{self.server_hostname}: {detail}") from problem

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002 - the name is ssl's
        way = current_way.get()
        self.settimeout(way.remaining_seconds())
        got = super().read(len, buffer)
        way.is_at_end = way.is_at_end or not got
        return got

    def send(self, data: Any, flags: int = 0) -> int:
        self.settimeout(current_way.get().remaining_seconds())
        return super().send(data, flags)


class _Connection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return current_way.get().connect(self._dns_host, self.port)


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class Adapter(HTTPAdapter):
    """Connects over https alone, by the current way, and checks the certificate and the name in it."""

    def __init__(self, trusted: ssl.SSLContext, parallel: int) -> None:
        trusted.sslsocket_class = _TimedSocket
        self._trusted = trusted
        super().__init__(pool_connections=KEPT_HOSTS, pool_maxsize=parallel, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **_more: Any) -> None:
        self.poolmanager = PoolManager(connections, maxsize=maxsize, block=block, ssl_context=self._trusted)
        self.poolmanager.pool_classes_by_scheme = {"https": _Pool}

    def cert_verify(self, conn: Any, *_more: Any, **_named: Any) -> None:
        """Requests would read all certificates of the world anew for each connection; the context has them."""
        conn.cert_reqs = ssl.CERT_REQUIRED
