"""Somebody who sends messages to one person and does not give up lightly, as browsers and their owners do.

The form is opened and sent; when an error comes, or no answer at all, the same form is sent again, with the same key.
"""

import http.client
import time
from collections.abc import Callable
from datetime import UTC, datetime

from soak.ledger import Sent
from soak.person import Person, expect, hidden_fields
from tests.server.visitors import Answer

ANSWER_SECONDS = 10.0
GIVE_UP_SECONDS = 60.0
PAUSE_SECONDS = 0.1


class Writer:
    def __init__(self, person: Person, recipient: str) -> None:
        self.sent: list[Sent] = []
        self.acknowledged = 0
        self._person = person
        self._visitor = person.visitor
        self._visitor.connection.timeout = ANSWER_SECONDS
        self._path = f"/send_message/{recipient}"

    def write(self, posts: int) -> None:
        for _ in range(posts):
            self.write_one()

    def write_one(self) -> None:
        message = Sent(f"{self._person.name} says {len(self.sent)}")
        self.sent.append(message)
        self._send(message)

    def _send(self, message: Sent) -> None:
        page = self._persist(lambda: self._visitor.get(self._path))
        if page is None:
            return
        fields = {**hidden_fields(expect(page, 200)), "message": message.text}

        def post() -> Answer:
            message.tried_at.append(datetime.now(UTC))
            return self._visitor.post(self._path, **fields)

        answer = self._persist(post)
        if answer is not None:
            expect(answer, 302)
            message.acknowledged_at = time.monotonic()
            self.acknowledged += 1

    def _persist(self, ask: Callable[[], Answer]) -> Answer | None:
        """The same request again while the service is away or in trouble; None when that lasts too long."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = ask()
                if answer.status < 500:
                    return answer
            except (OSError, http.client.HTTPException):
                self._visitor.connection.close()
            time.sleep(PAUSE_SECONDS)
        return None
