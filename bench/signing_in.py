"""Fifty people sign in at the same moment: how long until the last is in, and whether others notice."""

from functools import partial
from pathlib import Path

from bench.connection import Connection, connected
from bench.figures import median, p95, show, tell, time_once
from bench.load import all_at_once, watching_health
from bench.site import login_fields, serving

_PEOPLE = 50
_SIGNED_IN = 302


def measure(folder: Path) -> None:
    tell("signing in: fifty at once")
    people = [f"person-{number}" for number in range(_PEOPLE)]
    statuses: list[int] = []
    with serving(folder / "signing-in", people) as site, connected(site.port, _PEOPLE) as connections:
        calls = [
            partial(_sign_in, connection, login_fields(connection, name), statuses)
            for connection, name in zip(connections, people, strict=True)
        ]
        taken: list[float] = []
        with watching_health(site.port) as health:
            wall = time_once(lambda: taken.extend(all_at_once(calls))) / 1000
    how = f"{statuses.count(_SIGNED_IN)} of {_PEOPLE} parallel sign-ins succeeded"
    show("sign_ins_seconds", wall, f"{how}; until the last was answered; median wait {median(taken):.0f} ms")
    show("healthz_under_sign_ins_ms", median(health), f"{how}; {len(health)} looks meanwhile", p95=p95(health))


def _sign_in(connection: Connection, fields: dict[str, str], statuses: list[int]) -> None:
    statuses.append(connection.post("/login", fields).status)
