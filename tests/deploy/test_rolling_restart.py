"""Both servers take new code, one after the other, while people read and write through nginx: nobody notices."""

import http.client
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from tests.deploy.conftest import Pair
from tests.deploy.nginx import Front
from tests.deploy.reloading import MOST_SECONDS, reload
from tests.deploy.visitors import Guest

pytestmark = [pytest.mark.nginx, pytest.mark.alone]

PEOPLE = 8
SECONDS = 3.0  # of peace before the first and after the last


@dataclass
class Writer:
    """Opens a page, sends a form, and so on, without a pause; each form with its own text and its token."""

    guest: Guest
    recipient: str
    statuses: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    stored: int = 0

    def run(self, is_over: threading.Event) -> None:
        try:
            token = self.guest.token(f"/send_message/{self.recipient}")
            for number in itertools.count():
                if is_over.is_set():
                    return
                self._note(self.guest.get("/people").status, 200)
                path = f"/send_message/{self.recipient}"
                answer = self.guest.post(path, csrf_token=token, message=f"rolling {number}")
                self._note(answer.status, 302)
                self.stored += answer.status == 302
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(repr(error))

    def _note(self, status: int, wanted: int) -> None:
        self.statuses.append(status)
        if status != wanted:
            self.failures.append(f"{status} for {wanted}")


def written_meanwhile(writers: Sequence[Writer], happen: Callable[[], None]) -> None:
    is_over = threading.Event()
    threads = [threading.Thread(target=writer.run, args=(is_over,)) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        time.sleep(SECONDS)
        happen()
        time.sleep(SECONDS)
    finally:
        is_over.set()
        for thread, writer in zip(threads, writers, strict=True):
            thread.join(timeout=MOST_SECONDS)
            writer.guest.connection.close()


def test_no_request_fails_and_what_was_acknowledged_is_stored(
    front: Front, pair: Pair, register: Callable[[str], str]
) -> None:
    register("reader")
    writers = [Writer(Guest(front, register(f"writer{number}")), "reader") for number in range(PEOPLE)]

    def reload_both() -> None:
        for server in pair.servers:
            reload(server.process.pid)

    written_meanwhile(writers, reload_both)
    assert [failure for writer in writers for failure in writer.failures] == []
    assert all(len(writer.statuses) > 10 for writer in writers)
    acknowledged = sum(writer.stored for writer in writers)
    assert pair.count("SELECT count(*) FROM messages WHERE body LIKE 'rolling %%'") == acknowledged
    lines = [line for line in front.log().splitlines() if "POST /send_message" in line]
    assert {line.split('"')[3] for line in lines} == {f"127.0.0.1:{port}" for port in pair.ports}
