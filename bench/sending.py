"""Sending messages: how long the sender waits, how many a second are taken, and whether others notice."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

from bench.connection import Answer, Connection
from bench.figures import median, p95, show, tell, time_once
from bench.load import drive, watching_health
from bench.site import Site, serving, signed_in

WRITERS = 8
_SECONDS = 30.0
_POSTS = 300


def measure(folder: Path) -> None:
    tell("sending: one writer, then eight")
    people = [f"writer-{number}" for number in range(WRITERS)]
    with serving(folder / "sending", people) as site, signed_in(site, people) as connections:
        # Everybody writes to the next one in the circle.
        posts = [poster(one, to) for one, to in zip(connections, [*people[1:], people[0]], strict=True)]
        _alone(posts[0])
        _idle(connections[0])
        _together(site, posts)


def poster(connection: Connection, recipient: str) -> Callable[[], Answer]:
    """Sends the next message at each call. The cookies stay as they are: a flash for each post would swell them."""
    path = f"/send_message/{recipient}"
    token = connection.open(path).expect(200).csrf_token()
    number = count(1)
    return lambda: connection.post(
        path, {"csrf_token": token, "message": f"Message number {next(number)}, as long as many are."}
    ).expect(302)


def _alone(post: Callable[[], Answer]) -> None:
    post()
    taken = [time_once(post) for _ in range(_POSTS)]
    how = f"POST /send_message, {_POSTS} one after the other over one connection; SQLite, committed to the disk"
    show("send_ms", median(taken), how, p95=p95(taken))


def _idle(connection: Connection) -> None:
    taken = [time_once(lambda: connection.get("/healthz").expect(200)) for _ in range(_POSTS)]
    show("healthz_idle_ms", median(taken), f"{_POSTS} one after the other, nothing else going on", p95=p95(taken))


def _together(site: Site, posts: list[Callable[[], Answer]]) -> None:
    before = _stored(site)
    with watching_health(site.port) as health:
        taken = drive(posts, _SECONDS)
    if _stored(site) - before != len(taken):
        raise AssertionError(f"{len(taken)} messages were acknowledged, {_stored(site) - before} are stored")
    how = f"{WRITERS} writers over {WRITERS} connections for {_SECONDS:.0f} s; SQLite"
    stored = f"{how}; {len(taken):,} acknowledged, and as many stored"
    show("messages_per_second", len(taken) / _SECONDS, stored)
    show("send_under_load_ms", median(taken), how, p95=p95(taken))
    show("healthz_under_writers_ms", median(health), f"{how}; {len(health):,} looks", p95=p95(health))


def _stored(site: Site) -> int:
    return int(str(site.ask_database("SELECT count(*) FROM messages")[0][0]))
