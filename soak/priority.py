"""Somebody writes a private message while a broadcast to very many goes out: the push service has it at once."""

import json
import secrets
import time
from pathlib import Path

from bench.figures import MILLISECONDS, median
from soak.figures import Figures
from soak.options import Options
from soak.person import Person, expect, registered
from soak.scene import Scene, scene
from tests.push.browser_keys import BrowserKeys
from tests.push.service import MOZILLA
from tests.server.running import running

BROWSERS = 100_000
MESSAGES = 20
MOST_MS = 1000.0
PAUSE_SECONDS = 0.5
ALREADY = 500  # pushes of the broadcast that have come before the first message is written
MOST_SECONDS = 60.0


def prove(folder: Path, options: Options, figures: Figures) -> None:
    browsers, messages = options.browsers or BROWSERS, options.posts or MESSAGES
    with (
        scene(folder, browsers, **options.settings) as made,
        running(folder, EMBEDDED_WORKER="false", **made.settings) as server,
        made.worker(),
        registered(server.port, [f"{name}-{secrets.token_hex(3)}" for name in ("writer", "reader")]) as (
            writer,
            reader,
        ),
    ):
        endpoint = _subscribe(reader)
        made.guests.append(endpoint)
        number = made.broadcast()
        made.service.wait_for(min(ALREADY, browsers / 4), MOST_SECONDS)
        ways = [_write(made, writer, reader.name, endpoint) for _ in range(messages)]
        before = len(made.service.came)
        is_over = made.is_final(number)
    how = (
        f"{messages} messages through the page while a broadcast to {browsers:,} goes out, from before the request "
        f"until the push service has it; {before:,} pushes came meanwhile; {options.database}"
    )
    figures.show("priority_ms", max(ways), f"the slowest of {how}", most=MOST_MS)
    figures.show("priority_median_ms", median(ways), how)
    figures.show("priority_broadcast_over", int(is_over), f"1 were no proof; {how}", most=0)


def _subscribe(person: Person) -> str:
    """A browser at the push service that the broadcast goes to."""
    endpoint = f"https://{MOZILLA}/wpush/v2/{secrets.token_urlsafe(48)}"
    given = json.dumps(BrowserKeys.make().to_json(endpoint)).encode()
    headers = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{person.visitor.connection.port}"}
    expect(person.visitor.ask("POST", "/api/push-subscriptions", given, headers), 201)
    return endpoint


def _write(made: Scene, writer: Person, recipient: str, endpoint: str) -> float:
    """Milliseconds from before the request until its push has come."""
    path = f"/send_message/{recipient}"
    fields = writer.form(path)
    seen = len(made.service.came)
    began = time.monotonic()
    expect(writer.visitor.post(path, **fields, message="Are you there?"), 302)
    found: list[float] = []

    def look() -> bool:
        came = made.service.came[seen:]
        # The broadcast reaches that browser as well, in its time.
        found.extend(one.at for one in came if one.endpoint == endpoint and one.headers["urgency"] == "high")
        return bool(found)

    made.wait_until(look, MOST_SECONDS)
    time.sleep(PAUSE_SECONDS)
    return (found[0] - began) * MILLISECONDS
