"""A stand-in for Google's backend: Chromium's own push stack connects to it, and senders find it at the endpoints that
Chromium's pages get. It is as strict with senders as a push service can be."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.push import certificate, chromium_mcs
from tests.push.certificate import Certificate
from tests.push.chromium_front import CHECK_IN, HOSTS, REGISTRATION, Front
from tests.push.chromium_registry import Received, Registration, Registry
from tests.push.listener import ONLY_HTTP_1_1, Asked, Listener, Reply
from tests.push.verifier import Refused

LOOPBACK = "127.0.0.1"
# Longer than the 25 s that Chromium stays away for after a connection was cut.
WAIT_SECONDS = 40.0


class Backend:
    def __init__(self, certificate: Certificate) -> None:
        self.ca_file = certificate.ca_file
        """For senders: it signed for every host in HOSTS."""
        self.mcs_port = 0
        self._certificate = certificate
        self._registry = Registry()
        self._front = Front(self._registry)
        self._listener = Listener(certificate, self._react, ONLY_HTTP_1_1)
        self._changed = threading.Condition()
        # Everything that browsers and senders do happens in this loop's thread, one thing at a time.
        self._loop = asyncio.new_event_loop()
        self._is_over = asyncio.Event()
        self._problems: list[Exception] = []

    @property
    def port(self) -> int:
        """HTTPS: for senders whatever host their endpoint names, and for Chromium's check-in and registration."""
        return self._listener.server_port

    @property
    def stand_in(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def registrations(self) -> list[Registration]:
        """One for each subscription that was made; it only grows."""
        return list(self._front.registrations)

    @property
    def received(self) -> list[Received]:
        """The pushes that were answered with 201; it only grows."""
        return list(self._front.received)

    @property
    def refusals(self) -> list[Refused]:
        """Whoever asked got the status and the reason; it only grows."""
        return list(self._front.refusals)

    @property
    def waiting(self) -> list[Received]:
        """Taken from their senders, and not yet known to be at the browser."""
        return [push for device in list(self._registry.devices.values()) for push in list(device.waiting.values())]

    @property
    def connected(self) -> int:
        """So many browsers are."""
        return sum(device.line is not None for device in list(self._registry.devices.values()))

    def flags(self) -> list[str]:
        """What makes Chromium take this for Google, and reach nothing beyond this machine."""
        origin = f"https://{self.stand_in}"
        return [
            f"--gcm-checkin-url={origin}{CHECK_IN}",
            f"--gcm-registration-url={origin}{REGISTRATION}",
            f"--gcm-mcs-endpoint=https://{LOOPBACK}:{self.mcs_port}",
            f"--ignore-certificate-errors-spki-list={self._certificate.spki_sha256}",
            "--proxy-server=direct://",
            f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {LOOPBACK}, EXCLUDE localhost",
        ]

    def wait_until_connected(self, browsers: int = 1, timeout: float = WAIT_SECONDS) -> None:
        """A fresh profile connects with its first subscription, not before."""
        self._wait(lambda: self.connected >= browsers, timeout, f"{browsers} connected browsers")

    def wait_for_push(self, number: int = 1, timeout: float = WAIT_SECONDS) -> Received:
        """The push of that number; the first is 1."""
        self._wait(lambda: len(self.received) >= number, timeout, f"push {number}")
        return self.received[number - 1]

    def wait_for_refusal(self, number: int = 1, timeout: float = WAIT_SECONDS) -> Refused:
        self._wait(lambda: len(self.refusals) >= number, timeout, f"refusal {number}")
        return self.refusals[number - 1]

    def wait_until_delivered(self, timeout: float = WAIT_SECONDS) -> None:
        """The browsers have everything, closed ones too. What their workers make of it takes a moment more."""
        self._wait(lambda: not self.waiting, timeout, "all pushes to be at their browsers")

    def start(self) -> None:
        thread = threading.Thread(target=self._run, name="Google's backend")
        thread.start()
        self._thread = thread
        self._wait(lambda: bool(self.mcs_port), WAIT_SECONDS, "a port")
        self._listener.start()

    def stop(self) -> None:
        try:
            self._listener.stop()
        finally:
            self._loop.call_soon_threadsafe(self._is_over.set)
            self._thread.join()
        if self._problems:
            raise self._problems[0]

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate.certificate_file, self._certificate.key_file)
        async with chromium_mcs.listening(context, self._registry, self._tell, self._problems.append) as port:
            self.mcs_port = port
            self._tell()
            await self._is_over.wait()

    def _react(self, asked: Asked) -> Reply:
        async def react() -> Reply:
            return self._front.react(asked)

        try:
            return asyncio.run_coroutine_threadsafe(react(), self._loop).result()
        finally:
            self._tell()

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _wait(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        with self._changed:
            is_so = self._changed.wait_for(condition, timeout)
        assert is_so, f"waited {timeout} s for {what}; refused: {self.refusals}; broken: {self._problems}"


@contextmanager
def running(folder: Path) -> Iterator[Backend]:
    """Its certificates are written to the folder."""
    backend = Backend(certificate.make(folder, [*HOSTS, LOOPBACK, "localhost"]))
    backend.start()
    try:
        yield backend
    finally:
        backend.stop()
