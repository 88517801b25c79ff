"""What open pages hear, all of it, page by page: the other end of `soak.open_pages`."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from soak.open_pages import CONNECT, CUT, DROPPED, FAILED, GREETED, NEWS
from soak.residents import Resident
from tests.server.running import ROOT

_LOOK_SECONDS = 0.002
_END_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Heard:
    name: str
    data: Any
    timestamp: float
    at: float
    """By the clock that only goes forward."""


@dataclass
class Pages:
    """One for each of these people; a page's number is theirs in the list."""

    process: subprocess.Popen[str]
    people: Sequence[Resident]
    greeted: list[tuple[int, float]] = field(default_factory=list)
    """Which page, and when; in the order of time."""
    heard: list[list[Heard]] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    strangers: int = 0
    """Pages that were greeted as somebody else's."""

    def connect(self) -> float:
        """All of them in the same moment, which is given back."""
        began = time.monotonic()
        self._say(CONNECT)
        return began

    def cut(self) -> None:
        self._say(CUT)

    def wait_until_greeted(self, since: float, seconds: float) -> float:
        """How long it took until each was, once since that moment."""
        self.wait_until(lambda: len(self._greeted_since(since)) == len(self.people), seconds)
        return max(self._greeted_since(since).values(), default=since + seconds) - since

    def wait_until(self, is_so: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def latest(self, page: int, name: str) -> Any:
        return next((one.data for one in reversed(self.heard[page]) if one.name == name), None)

    def states(self, page: int) -> dict[str, Any]:
        """What it shows by now."""
        return {one.name: one.data for one in self.heard[page]}

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            page, what, at, more = json.loads(line)
            self._note(page, what, at, more)

    def _note(self, page: int, what: str, at: float, more: Any) -> None:
        if what == GREETED:
            self.strangers += more != str(self.people[page].id)
            self.greeted.append((page, at))
        elif what == NEWS:
            self.heard[page].extend(Heard(one["name"], one["data"], one["timestamp"], at) for one in more)
        else:
            {DROPPED: self.dropped, FAILED: self.failed}[what].append(more)

    def _greeted_since(self, moment: float) -> dict[int, float]:
        return {page: at for page, at in reversed(self.greeted) if at >= moment}

    def _say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()


@contextmanager
def open_pages(site: str, people: Sequence[Resident], *ca_file: str) -> Iterator[Pages]:
    """Not connected yet. A site at https is known by its CA."""
    process = subprocess.Popen(
        [sys.executable, "-m", "soak.open_pages", site, *ca_file],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps([one.cookie for one in people]) + "\n")
    pages = Pages(process, people, heard=[[] for _ in people])
    listening = threading.Thread(target=pages.listen)
    listening.start()
    try:
        yield pages
    finally:
        process.stdin.close()
        try:
            process.wait(_END_SECONDS)
        finally:
            process.kill()
            listening.join(_END_SECONDS)
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
