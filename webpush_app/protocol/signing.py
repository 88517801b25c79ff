"""Signs for push services (VAPID, RFC 8292). The work is py_vapid's; here each origin's signature is made about once
an hour and used for every push to it, because a signature takes as long as an encryption."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from py_vapid import Vapid

from webpush_app import clock
from webpush_app.protocol.vapid_keys import VapidKey

# Less than an hour: where our clock is eleven hours behind, a signature is good for one hour and not for a second more.
REUSED_FOR = timedelta(minutes=55)
VALID_FOR = timedelta(hours=12)
# Some push services have a host for each part of the world, and a wildcard lets strangers think up more.
MOST_ORIGINS = 500


_SUBJECT = re.compile(r"mailto:[^\s@:<>]+@[^\s@:<>]+|https://[^\s/?#@]+([/?#]\S*)?")


class BadSubject(ValueError):
    pass


@dataclass(frozen=True, slots=True)
class _Signed:
    header: str
    at: datetime
    until: datetime


class Signer:
    def __init__(self, key: VapidKey, subject: str, now: Callable[[], datetime] = clock.now) -> None:
        if not _SUBJECT.fullmatch(subject):
            raise BadSubject("The subject must be a mailto: or an https address that reaches the operator.")
        # py_vapid's own check of the subject refuses https addresses with a path, which the RFC allows.
        self._vapid = Vapid(key.vapid.private_key, conf={"no-strict": True})
        self._subject = subject
        self._now = now
        self._signed: dict[str, _Signed] = {}
        self._lock = Lock()

    def authorization(self, origin: str) -> str:
        signed = self._signed.get(origin)
        # A clock that was set back must not keep a signature for longer than an hour.
        if signed is not None and signed.at <= self._now() < signed.until:
            return signed.header
        with self._lock:
            return self._authorization(origin)

    def renewed(self, origin: str, refused: str) -> str:
        """Another one than the one that was refused. Whoever is refused the same one later gets this one too."""
        with self._lock:
            signed = self._signed.get(origin)
            if signed is not None and signed.header == refused:
                del self._signed[origin]
            return self._authorization(origin)

    def _authorization(self, origin: str) -> str:
        now = self._now()
        signed = self._signed.get(origin)
        if signed is None or not signed.at <= now < signed.until:
            signed = _Signed(self._sign(origin, now), now, now + REUSED_FOR)
            self._remember(origin, signed)
        return signed.header

    def _sign(self, origin: str, now: datetime) -> str:
        expires = int((now + VALID_FOR).timestamp())
        return str(self._vapid.sign({"aud": origin, "exp": expires, "sub": self._subject})["Authorization"])

    def _remember(self, origin: str, signed: "_Signed") -> None:
        self._signed.pop(origin, None)
        if len(self._signed) >= MOST_ORIGINS:
            del self._signed[next(iter(self._signed))]
        self._signed[origin] = signed
