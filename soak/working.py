"""People at work on the real pages, without pause and without a second try. Every answer but the right one is noted."""

import http.client
import itertools
import threading
import time
from datetime import UTC, datetime

from bench.figures import time_once
from soak.ledger import Sent
from soak.person import Person, UnexpectedAnswer, expect

_TROUBLE = (UnexpectedAnswer, OSError, http.client.HTTPException)
_LAST_BROADCAST_SECONDS = 60.0


class Author:
    """Opens the form of a message and sends it, at each call."""

    def __init__(self, person: Person, recipient: str) -> None:
        self.sent: list[Sent] = []
        self.waited_ms: list[float] = []
        self.troubles: list[str] = []
        self._person = person
        self._path = f"/send_message/{recipient}"

    def write_one(self) -> None:
        message = Sent(f"{self._person.name} says {len(self.sent)}", [datetime.now(UTC)])
        self.sent.append(message)
        try:
            fields = {**self._person.form(self._path), "message": message.text}
            waited = time_once(lambda: expect(self._person.visitor.post(self._path, **fields), 302))
        except _TROUBLE as trouble:
            self.troubles.append(f"{self._path}: {trouble!r}")
            self._person.visitor.connection.close()
            return
        self.waited_ms.append(waited)
        message.acknowledged_at = time.monotonic()


class Admin:
    """Within its `with` block, starts a broadcast by the form every few seconds."""

    def __init__(self, person: Person, pause_seconds: float) -> None:
        self.name = person.name
        self.broadcasts = 0
        self.troubles: list[str] = []
        self._person = person
        self._pause_seconds = pause_seconds
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(timeout=_LAST_BROADCAST_SECONDS)

    def _run(self) -> None:
        for number in itertools.count(1):
            try:
                fields = {**self._person.form("/admin"), "title": f"News {number}", "body": "", "link": ""}
                expect(self._person.visitor.post("/admin", **fields, audience="anonymous"), 302)
                self.broadcasts += 1
            except _TROUBLE as trouble:
                self.troubles.append(f"/admin: {trouble!r}")
                self._person.visitor.connection.close()
            if self._is_over.wait(self._pause_seconds):
                return
