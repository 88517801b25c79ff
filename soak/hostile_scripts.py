"""How the hostile push service answers: single acts, and scripts that say which of them a request meets."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate

from tests.protocol.raw_service import Talk

# So many requests of a host meet its trouble, and then it is well: as many as open a breaker, or slow a host down.
FIRST = 5
LONG_TEXT_BYTES = 500  # encrypted; with its text a push of the proof is longer, and without it shorter
TRAP = "trap"


@dataclass(frozen=True)
class Asked:
    """Which request it is, counted from 0."""

    of_browser: int
    of_host: int
    body_bytes: int


@dataclass(frozen=True)
class Act:
    name: str
    do: Callable[[Talk], None]
    wait: Callable[[], float] = lambda: 0.0
    """For how many seconds patience is asked."""


Script = Callable[[Asked], Act]


def _says(status: int, body: bytes = b"", wait: float = 0.0, headers: Mapping[str, str] | None = None) -> Act:
    given = {**(headers or {}), **({"Retry-After": f"{wait:.0f}"} if wait else {})}
    return Act(str(status), lambda talk: talk.answer(status, body, **given), lambda: wait)


def _until_a_date(seconds: float) -> Act:
    def answer(talk: Talk) -> None:
        talk.answer(429, Retry_After=formatdate(time.time() + seconds, usegmt=True))

    return Act("429 with a date", answer, lambda: seconds - 1)  # a date has no fractions


def _cut_in_the_middle(talk: Talk) -> None:
    talk.say(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nbeginning")
    talk.end()


def _endless(talk: Talk) -> None:
    talk.answer(200, b"A" * 20_000_000)


def _no_http(talk: Talk) -> None:
    talk.say(b"hello, I am no web server\r\n\r\n")
    talk.end()


def _first(act: Act, number: int = FIRST) -> Script:
    """The host's first requests."""
    return lambda asked: act if asked.of_host < number else ACCEPTS


def _each_first(act: Act) -> Script:
    """Each browser's first request, its third, its fifth…: the trouble comes again with the next broadcast."""
    return lambda asked: ACCEPTS if asked.of_browser % 2 else act


def _in_turn(*acts: Act) -> Script:
    """The last one stays."""
    return lambda asked: acts[min(asked.of_browser, len(acts) - 1)]


def _always(act: Act) -> Script:
    return lambda _asked: act


ACCEPTS = _says(201)
PAGE = _says(200, b"<!DOCTYPE html><title>Sign in to our WLAN</title>", headers={"Content-Type": "text/html"})
ELSEWHERE = f"https://{TRAP}.push.services.mozilla.com/wpush/v2/{TRAP}.x"
LED_AWAY = [_says(status, headers={"Location": ELSEWHERE}) for status in (301, 302, 303, 307, 308)]
MISMATCH = _says(400, b'{"reason": "VapidPkHashMismatch"}')
WNS = {"X-WNS-Status": "throttled", "X-WNS-NotificationStatus": "dropped"}
RESET = Act("reset", lambda talk: talk.reset())
HANG = Act("hang", lambda talk: talk.hang())
DRIP = Act("drip", lambda talk: talk.drip(b"H"))
CUT = Act("cut in the middle", _cut_in_the_middle)
ENDLESS = Act("20 MB", _endless)
NO_HTTP = Act("no HTTP", _no_http)
LONG_HEAD = _says(500, headers={"X-Long": "A" * 9000})

SCRIPTS: dict[str, Script] = {
    "accepts": _always(ACCEPTS),
    "accepts-200": _always(_says(200, b"OK")),
    "accepts-202": _always(_says(202)),
    "accepts-204": _always(_says(204)),
    TRAP: _always(ACCEPTS),
    "page": _always(PAGE),
    "page-first": _first(PAGE),
    "page-each": _each_first(PAGE),
    "redirect": lambda asked: LED_AWAY[asked.of_host % len(LED_AWAY)],
    "redirect-first": _first(LED_AWAY[1]),
    "redirect-each": _each_first(LED_AWAY[3]),
    "400": _always(_says(400, b"bad request")),
    "400-once": _in_turn(_says(400, b"bad request"), ACCEPTS),
    "401": _always(_says(401)),
    "403": _always(_says(403)),
    "403-each": _each_first(_says(403)),
    "mismatch": _always(MISMATCH),
    "404": _always(_says(404)),
    "404-later": _in_turn(ACCEPTS, _says(404)),
    "410": _always(_says(410)),
    "406-first": _first(_says(406, wait=120, headers=WNS)),
    "406-each": _each_first(Act("406", lambda talk: talk.answer(406, X_WNS_Status="throttled"), lambda: 60.0)),
    "408-each": _each_first(_says(408)),
    "413": _always(_says(413)),
    "413-long": lambda asked: ACCEPTS if asked.body_bytes < LONG_TEXT_BYTES else _says(413),
    "429-first": _first(_says(429, wait=600)),
    "429-date-first": _first(_until_a_date(900)),
    "429-silent-first": _first(Act("429", lambda talk: talk.answer(429), lambda: 60.0)),
    "429-long-first": _first(Act("429", lambda talk: talk.answer(429, Retry_After="7200"), lambda: 3600.0)),
    "429-each": _each_first(_says(429, wait=300)),
    "429": _always(_says(429, wait=300)),
    "500": _always(_says(500)),
    "500-each": _each_first(_says(500)),
    "503-first": _first(_says(503, wait=1200)),
    "503-each": _each_first(_says(503, wait=240)),
    "hang": _always(HANG),
    "hang-first": _first(HANG),
    "hang-each": _each_first(HANG),
    "drip": _always(DRIP),
    "reset-first": _first(RESET),
    "reset-each": _each_first(RESET),
    "cut-first": _first(CUT),
    "cut-each": _each_first(CUT),
    "endless-first": _first(ENDLESS),
    "long-head-first": _first(LONG_HEAD),
    "no-http-first": _first(NO_HTTP),
    "no-http-each": _each_first(NO_HTTP),
}
