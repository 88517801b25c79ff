"""`python -m soak` runs every proof, `python -m soak web-kills --runs 5` a part of one; `--list` says which there are.

Each figure is one JSON line on stdout. Ends with 1 when a bound is broken.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from bench.figures import tell
from soak import (
    forbidden,
    handshakes,
    hostile,
    machines_failures,
    machines_message,
    machines_restart,
    million,
    outage,
    poison,
    priority,
    sigterm,
    skew,
    sockets,
    web_kills,
    worker_kills,
    writers,
)
from soak.figures import Figures
from soak.options import Options
from tests.missing_programs import NGINX
from tests.postgresql_server import PostgresServer, postgres_server
from tests.redis_server import PROGRAM as REDIS


@dataclass(frozen=True)
class Proof:
    words: str
    prove: Callable[[Path, Options, Figures], None]
    has_machines: bool = False
    """Of several machines, with nginx, Redis and PostgreSQL of its own."""


PROOFS = {
    "worker-kills": Proof(
        "the worker is killed in the middle of broadcasts: nothing lost, nothing shown twice", worker_kills.prove
    ),
    "web-kills": Proof(
        "the web process is killed while people send: nothing lost, nothing stored twice", web_kills.prove
    ),
    "sigterm": Proof("the worker is told to end in the middle: it ends soon, nothing lost or repeated", sigterm.prove),
    "poison": Proof("a push that kills workers is set aside, and nothing else", poison.prove),
    "priority": Proof("a message during a broadcast to 100,000 is handed over within a second", priority.prove),
    "million": Proof(
        "broadcasts to a million on PostgreSQL: quick to the last row, in little memory, and the table stays as it is",
        million.prove,
    ),
    "writers": Proof("eight people write during a broadcast: nobody sees an error, nobody waits long", writers.prove),
    "hostile": Proof("a push service that is hostile in every way: every end is the right one", hostile.prove),
    "forbidden": Proof("our key is refused to everybody: nobody is turned off, one alert", forbidden.prove),
    "outage": Proof("a push service is down for ten minutes, and is not run over when it is back", outage.prove),
    "sockets": Proof(
        "a thousand open sockets: none dropped, nothing missed, a message is there at once", sockets.prove
    ),
    "handshakes": Proof("200 bad handshakes a second: all refused, and honest people hardly notice", handshakes.prove),
    "machines-message": Proof(
        "a message through one web server lights the badge at the other within a quarter of a second",
        machines_message.prove,
        has_machines=True,
    ),
    "machines-failures": Proof(
        "workers or a web server are killed, PostgreSQL or Redis goes away: nothing lost, nothing shown twice",
        machines_failures.prove,
        has_machines=True,
    ),
    "machines-restart": Proof(
        "all processes of two machines take new code, one after the other: no request fails, no push is lost",
        machines_restart.prove,
        has_machines=True,
    ),
    "skew": Proof("our clock is eleven hours wrong: all is accepted", skew.prove),
}


def main(arguments: Sequence[str]) -> int:
    given = _parser().parse_args(arguments)
    if given.list:
        print("\n".join(f"{name:17} {proof.words}" for name, proof in PROOFS.items()))
        return 0
    names = given.names or [*PROOFS]
    complaint = _complaint(names, given.database_url)
    if complaint:
        tell(complaint)
        return 2
    own = ("names", "list", "postgresql")
    chosen = {name: value for name, value in vars(given).items() if name not in own and value is not None}
    with postgres_server(is_usual=True) if given.postgresql else nullcontext() as server:
        return _run(names, Options(**chosen), server)


def _complaint(names: Sequence[str], database_url: str | None) -> str | None:
    unknown = [name for name in names if name not in PROOFS]
    if unknown:
        return f"There is no proof called {', '.join(unknown)}. There are: {', '.join(PROOFS)}."
    if database_url and len(names) > 1:
        return "An empty database is good for one proof, and what it leaves there would mislead the next: name one."
    of_machines = [name for name in names if PROOFS[name].has_machines]
    if database_url and of_machines:
        return f"{names[0]} stops its database and starts it again: it takes a PostgreSQL of its own."
    if of_machines and not (NGINX and REDIS):
        return f"{', '.join(of_machines)}: install nginx-light and redis-server first."
    return None


def _run(names: Sequence[str], options: Options, server: PostgresServer | None = None) -> int:
    started, figures = time.monotonic(), Figures()
    with tempfile.TemporaryDirectory(prefix="webpush-soak-") as folder:
        for name in names:
            tell(f"{name}: {PROOFS[name].words}")
            if server is not None:
                server.create(name)
                options = replace(options, database_url=server.loopback_url(name))
            PROOFS[name].prove(Path(folder) / name, options, figures)
    broken = f"; broken: {', '.join(figures.broken)}" if figures.broken else "; every bound holds"
    tell(f"done in {time.monotonic() - started:.0f} s{broken}")
    return 1 if figures.broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="PROOF", help="all of them where none is named")
    parser.add_argument("--list", action="store_true", help="say which proofs there are")
    parser.add_argument("--runs", type=_positive, help="how often something is killed")
    parser.add_argument("--posts", type=_positive, help="how many messages are sent")
    parser.add_argument("--seconds", type=float, help="how long the load lasts")
    parser.add_argument(
        "--database-url",
        help="an empty database in place of SQLite, for one proof: postgresql://user:password@host/name",
    )
    parser.add_argument(
        "--postgresql", action="store_true", help="on a PostgreSQL server of the tests' own, started for it"
    )
    parser.add_argument("--browsers", type=_positive, help="how many browsers a broadcast goes to")
    parser.add_argument("--sockets", type=_positive, help="how many pages are open")
    parser.add_argument("--seed", type=int, help="the moments of an earlier run, as its figures name it")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
