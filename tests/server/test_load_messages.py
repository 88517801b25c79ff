"""Many people write at once: nothing is lost, nothing is counted wrongly, and everybody else is still answered."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.server.crowd import Place, at_once, badge, place
from tests.server.visitors import Prober, Visitor

pytestmark = pytest.mark.alone

LOAD_SECONDS = float(os.environ.get("LOAD_SECONDS", "8"))
P95_SECONDS = 0.25
WRITERS = [f"writer{number}" for number in range(8)]
FIFTY = [f"person{number:02}" for number in range(50)]
Record = Callable[[str, object], None]


def keep_writing(visitor: Visitor, recipient: str, until: float) -> tuple[list[str], Counter[int]]:
    """The texts that were acknowledged, and how often each status was answered."""
    token = visitor.token()
    acknowledged: list[str] = []
    statuses: Counter[int] = Counter()
    while time.monotonic() < until:
        text = f"{token[-12:]} {statuses.total()}"  # the token is this writer's alone
        status = visitor.post(f"/messages/with/{recipient}", csrf_token=token, message=text).status
        statuses[status] += 1
        if status == 302:
            acknowledged.append(text)
    return acknowledged, statuses


def write_all_at_once(here: Place, names: list[str], recipients: list[str], seconds: float) -> list[str]:
    until = time.monotonic() + seconds
    with here.visitors(*names) as visitors:
        pairs = list(zip(visitors, recipients, strict=True))
        done = at_once(lambda pair: keep_writing(*pair, until), pairs)
    for _texts, statuses in done:
        assert set(statuses) == {302}
    return [text for texts, _statuses in done for text in texts]


def test_eight_writers_lose_nothing_and_keep_nobody_waiting(
    tmp_path: Path, password_hash: str, record_testsuite_property: Record
) -> None:
    with place(tmp_path, password_hash, *WRITERS) as here, Prober(here.server.port) as prober:
        acknowledged = write_all_at_once(here, WRITERS, WRITERS[1:] + WRITERS[:1], LOAD_SECONDS)
    record_testsuite_property("eight_writers_healthz_p95_ms", round(prober.p95_seconds * 1000, 1))
    record_testsuite_property("eight_writers_messages", len(acknowledged))
    assert len(acknowledged) > 10 * LOAD_SECONDS
    assert len(set(acknowledged)) == len(acknowledged)
    assert Counter(body for (body,) in here.rows("SELECT body FROM messages")) == Counter(acknowledged)
    assert prober.statuses == {200}
    # Where the machine has other things to do, all of it takes longer: then four rounds of the writers are allowed.
    assert prober.p95_seconds < max(P95_SECONDS, 4 * len(WRITERS) * LOAD_SECONDS / len(acknowledged))
    for name in WRITERS:
        assert here.announced_unread(name) == here.unread(name)


def test_fifty_people_who_write_to_one_at_the_same_moment_are_all_counted(tmp_path: Path, password_hash: str) -> None:
    with place(tmp_path, password_hash, "susan", *FIFTY) as here, here.visitors("susan", *FIFTY) as visitors:
        susan, senders = visitors[0], visitors[1:]
        tokens = {sender: sender.token() for sender in senders}
        answers = at_once(
            lambda sender: sender.post("/send_message/susan", csrf_token=tokens[sender], message="Hello!"), senders
        )
        assert {answer.status for answer in answers} == {302}
        assert badge(susan.get("/people")) == 50
        assert here.unread("susan") == 50
        assert here.announced_unread("susan") == 50
        assert here.rows("SELECT count(DISTINCT sender_id), count(*) FROM messages") == [(50, 50)]


def test_reading_while_four_write_ends_with_the_right_number(
    tmp_path: Path, password_hash: str, record_testsuite_property: Record
) -> None:
    senders = WRITERS[:4]
    over = threading.Event()
    with place(tmp_path, password_hash, "susan", *senders) as here, here.visitors("susan") as [susan]:
        reader = threading.Thread(target=_keep_reading, args=(susan, over))
        reader.start()
        try:
            with Prober(here.server.port) as prober:
                sent = write_all_at_once(here, senders, ["susan"] * 4, LOAD_SECONDS / 3)
        finally:
            over.set()
            reader.join(timeout=30)
        write_all_at_once(here, senders, ["susan"] * 4, 0.2)  # some that nobody has read yet
        shown = badge(susan.get("/people"))
    read = here.rows("SELECT count(*) FROM messages WHERE read_at IS NOT NULL")[0][0]
    [(stored,)] = here.rows("SELECT count(*) FROM messages")
    record_testsuite_property("reader_and_four_writers_healthz_p95_ms", round(prober.p95_seconds * 1000, 1))
    assert 0 < read <= stored
    assert stored >= len(sent)
    assert shown == here.unread("susan") == here.announced_unread("susan") == stored - read > 0


def _keep_reading(reader: Visitor, over: threading.Event) -> None:
    while not over.is_set():
        assert reader.get("/messages").status == 200
