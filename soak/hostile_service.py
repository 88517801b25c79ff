"""A push service that behaves badly in every way there is, in a process of its own so that its memory is its own.

`python -m soak.hostile_service FOLDER`: says its ports, and ends with its standard input. How it answers a browser
stands in the browser's own address, `https://HOST/wpush/v2/SCRIPT.TOKEN`. Each request is noted in FOLDER/asked, with
the told time of FOLDER/now: the clock of whoever sends.
"""

import json
import mmap
import struct
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TextIO

from soak.hostile_scripts import SCRIPTS, Asked
from tests.protocol.raw_service import RawService, Talk
from tests.push.certificate import Certificate

NOW, ASKED = "now", "asked"
_SECONDS = struct.Struct("d")


class Teller:
    """The told time, for another process: seconds, in a file that both look into."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(_SECONDS.pack(0.0))
        with file.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), _SECONDS.size)

    def read(self) -> float:
        return float(_SECONDS.unpack(self._shared[:])[0])

    def tell(self, seconds: float) -> None:
        self._shared[:] = _SECONDS.pack(seconds)


class Hostile:
    """Answers as the script of each browser says, and notes it."""

    def __init__(self, now: Path, notes: TextIO) -> None:
        self._teller = Teller(now)
        self._notes = notes
        self._lock = threading.Lock()
        self._of_browser: Counter[str] = Counter()
        self._of_host: Counter[str] = Counter()

    def behave(self, talk: Talk) -> None:
        host = talk.headers.get("host", "")
        name = talk.path.rpartition("/")[2].partition(".")[0]
        with self._lock:
            asked = Asked(self._of_browser[talk.path], self._of_host[host], len(talk.body))
            self._of_browser[talk.path] += 1
            self._of_host[host] += 1
        act = SCRIPTS[name](asked)
        wait = act.wait()
        note = {"at": self._teller.read(), "host": host, "path": talk.path, "act": act.name, "wait": wait}
        with self._lock:
            self._notes.write(json.dumps(note) + "\n")
        act.do(talk)


def main(folder: Path) -> None:
    certificate = Certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key", "")
    with (
        (folder / ASKED).open("w", encoding="utf-8", buffering=1) as notes,
        RawService(certificate, Hostile(folder / NOW, notes).behave) as service,
        RawService(certificate, cuts_handshake=True) as cutting,
        RawService(certificate, speaks=False) as silent,
    ):
        sys.stdout.write(f"{service.address[1]} {cutting.address[1]} {silent.address[1]}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
