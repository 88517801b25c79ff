"""Two servers of one service, started once, and nginx in front of them, anew for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.databases import SECRET_KEY
from tests.deploy.nginx import Front, nginx
from tests.deploy.visitors import Guest
from tests.engine.processes import descendants
from tests.people import PASSWORD
from tests.postgresql_server import PostgresServer
from tests.server.running import Server, running
from tests.server.visitors import Visitor

METRICS_TOKEN = "figures-for-the-tests"
NAME_OF_DATABASE = "two_servers"


@dataclass(frozen=True)
class Pair:
    """On one machine: they share a database, the folder of the instance, and so the pipes that wake sockets."""

    servers: tuple[Server, Server]
    instance: Path
    database: PostgresServer

    @property
    def ports(self) -> list[int]:
        return [server.port for server in self.servers]

    def count(self, query: str, *values: object) -> int:
        with self.database.connect(NAME_OF_DATABASE) as connection:
            row = connection.execute(query.encode(), values).fetchone()
            assert row is not None
            return int(row[0])


@pytest.fixture(scope="session")
def pair(
    tmp_path_factory: pytest.TempPathFactory, postgresql_server: PostgresServer, migrated_postgresql: str
) -> Iterator[Pair]:
    instance = tmp_path_factory.mktemp("two")
    postgresql_server.create(NAME_OF_DATABASE, migrated_postgresql)
    settings = {
        "SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": postgresql_server.url(NAME_OF_DATABASE),
        "TRUSTED_PROXIES": "1",
        "EMBEDDED_WORKER": "false",
        "METRICS_TOKEN": METRICS_TOKEN,
        "POLL_SECONDS": "3600",  # whoever hears of something has heard of it by a socket
    }
    with ExitStack() as stack:
        first, second = (stack.enter_context(running(instance, **settings)) for _ in range(2))
        yield Pair((first, second), instance, postgresql_server)
    for server in (first, second):
        for complaint in ("Traceback", " ERROR ", "Warning"):
            assert complaint not in server.output, server.output
    postgresql_server.drop(NAME_OF_DATABASE)


@pytest.fixture
def front(pair: Pair, tmp_path: Path) -> Iterator[Front]:
    with nginx(tmp_path / "nginx", pair.ports) as front:
        yield front


@pytest.fixture
def register(front: Front) -> Callable[[str], str]:
    """Their cookie, once somebody of this name has registered; names are of one test alone."""

    def register(name: str) -> str:
        with Guest(front) as guest:
            fields = {"username": name, "password": PASSWORD, "password2": PASSWORD}
            assert guest.submit("/register", **fields).status == 302
            return guest.cookie

    return register


def holders(pair: Pair) -> list[Server]:
    """Those that hold sockets: each of their processes says how many, beside its pipe."""
    said = {int(file.name.partition("-")[0]): file.read_text() for file in (pair.instance / "live").glob("*.sockets")}
    held = {pid for pid, number in said.items() if int(number or 0)}
    return [server for server in pair.servers if held & set(descendants(server.process.pid))]


def sockets(server: Server) -> float:
    """On this machine, as the server itself says: it is asked, and not nginx."""
    with Visitor(server.port) as visitor:
        answer = visitor.ask("GET", "/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    families = text_string_to_metric_families(answer.text)
    return next(family.samples[0].value for family in families if family.name == "webpush_sockets")
