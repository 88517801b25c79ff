"""Where the names of push services lead: looked up in threads, because nothing else can end a look-up that hangs; each
address is judged; and what was found is used for a minute.

libcurl is given these addresses and never asks DNS itself, so that no second answer can lead elsewhere.
"""

import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from threading import Thread

from webpush_app.protocol.bell import Bell
from webpush_app.protocol.hosts import Host, Place
from webpush_app.protocol.transport import AddressRule, NoAnswer, Resolver, SocketAddress, Trouble

FRESH_SECONDS = 60.0
USED_SECONDS = 600.0
"""For so long an old answer is used while DNS gives no new one."""
HTTPS_PORT = 443

Found = Place | NoAnswer


class Names:
    def __init__(self, rule: AddressRule, resolve: Resolver, bell: Bell) -> None:
        self._rule = rule
        self._resolve = resolve
        self._bell = bell
        self._found: SimpleQueue[tuple[Host, Found]] = SimpleQueue()

    def place(self, host: Host) -> Place | None:
        """None while it is looked up; the bell rings when there is news."""
        age = USED_SECONDS if host.place is None else time.monotonic() - host.place.found_at
        if age >= FRESH_SECONDS and not host.is_looked_up:
            Thread(target=self._look_up, args=(host.name, host), name="push-dns", daemon=True).start()
            host.is_looked_up = True
        return host.place if age < USED_SECONDS else None

    def news(self) -> list[tuple[Host, Found]]:
        """What has been found since the last time. That DNS fails is borne for a while; an address that is not allowed
        any more is forgotten at once."""
        came = []
        try:
            while True:
                host, found = self._found.get_nowait()
                host.is_looked_up = False
                if isinstance(found, Place):
                    host.place = found
                elif found.trouble is Trouble.ADDRESS_REFUSED or _is_too_old(host.place):
                    host.place = None
                came.append((host, found))
        except Empty:
            return came

    def _look_up(self, name: str, host: Host) -> None:
        """In a thread of its own, which ends with the look-up."""
        found: Found
        try:
            found = self._judged(name, self._resolve(name, HTTPS_PORT))
        except (OSError, UnicodeError) as problem:
            found = NoAnswer(Trouble.DNS, f"no address of {name}: {type(problem).__name__}")
        self._found.put((host, found))
        self._bell.ring()

    def _judged(self, name: str, found: Sequence[tuple[int, SocketAddress]]) -> Found:
        if not found:
            return NoAnswer(Trouble.DNS, f"no address of {name}")
        for _family, address in found:
            if not self._rule(address[0]):
                return NoAnswer(Trouble.ADDRESS_REFUSED, f"{name} has an address that is not public: {address[0]}")
        port = found[0][1][1]
        return Place([address[0] for _family, address in found if address[1] == port], port, time.monotonic())


def _is_too_old(place: Place | None) -> bool:
    return place is not None and time.monotonic() - place.found_at >= USED_SECONDS
