"""Several machines, all of them this one: nginx as deploy/ has it, two web servers and two workers that share nothing
but PostgreSQL and Redis, and beat. Each of these is a real process on loopback, with an instance folder of its own;
whatever of ours ends is started again, as systemd does it.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from soak.kept import Kept
from soak.pages import Pages, open_pages
from soak.person import Person
from soak.residents import Resident
from soak.scene import Scene, scene
from tests.deploy.nginx import Front, nginx
from tests.deploy.visitors import Guest
from tests.engine.celery_processes import celery_beat, celery_worker
from tests.postgresql_server import PostgresServer, postgres_server
from tests.push.worker_process import Worker
from tests.redis_server import RedisServer, redis_server
from tests.server.running import Server, free_port, running
from tests.server.visitors import Visitor
from webpush_app.errors import DatabaseBusy
from webpush_app.protocol import vapid_keys

WORDS = "nginx, 2 web servers, 2 workers of 2 processes, beat, PostgreSQL, Redis"
LEASE_SECONDS = 60
_EACH = ("1", "2")
_DATABASE = "site"
_METRICS_TOKEN = "figures-for-the-proof"
_MOST_SECONDS = 300.0


@dataclass(frozen=True)
class Web:
    port: int
    kept: Kept

    def sockets(self) -> int:
        """How many it holds, as it says itself."""
        with Visitor(self.port) as visitor:
            answer = visitor.ask("GET", "/metrics", headers={"Authorization": f"Bearer {_METRICS_TOKEN}"})
        families = text_string_to_metric_families(answer.text)
        return int(next(family.samples[0].value for family in families if family.name == "webpush_sockets"))


@dataclass(frozen=True)
class Machines:
    made: Scene
    database: PostgresServer
    redis: RedisServer
    webs: Sequence[Web]
    workers: Sequence[Kept]
    beat: Kept
    front: Front

    @property
    def kept(self) -> Sequence[Kept]:
        return [*(web.kept for web in self.webs), *self.workers, self.beat]

    @contextmanager
    def pages(self, people: Sequence[Resident]) -> Iterator[Pages]:
        """Through nginx; not connected yet."""
        with open_pages(self.front.url, people, str(self.front.certificate.ca_file)) as pages:
            yield pages

    def person(self, resident: Resident) -> Person:
        """At a browser, through nginx."""
        return Person(resident.name, Guest(self.front, resident.cookie))

    def wait_until(self, is_so: Callable[[], bool], seconds: float = _MOST_SECONDS) -> None:
        """Also while the database cannot be asked."""

        def look() -> bool:
            with suppress(DatabaseBusy):
                return is_so()
            return False

        self.made.wait_until(look, seconds)

    def lines_with(self, word: str) -> list[str]:
        """Of all that our processes said."""
        return [line for kept in self.kept for line in kept.lines if word in line]


@contextmanager
def machines(folder: Path, browsers: int) -> Iterator[Machines]:
    """The scene's own process is one more machine, from which broadcasts are started."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        database = stack.enter_context(postgres_server(is_usual=True))
        database.create(_DATABASE)
        redis = stack.enter_context(redis_server())
        shared = _shared(database, redis)
        made = stack.enter_context(scene(folder / "scene", browsers, **shared))
        webs = [
            Web(port, Kept(partial(_web, folder, name, port, made))) for name, port in zip(_EACH, _ports(), strict=True)
        ]
        workers = [Kept(partial(_worker, folder, name, made)) for name in _EACH]
        beat = Kept(partial(celery_beat, _folder(folder, "beat"), **made.settings))
        all_kept = [*(web.kept for web in webs), *workers, beat]
        for kept in all_kept:
            stack.enter_context(kept)
        for kept in all_kept:
            stack.callback(kept.let_go)  # all of them before the first is waited for
            kept.wait_until_up()
        front = stack.enter_context(nginx(folder / "nginx", [web.port for web in webs]))
        yield Machines(made, database, redis, webs, workers, beat, front)


def _shared(database: PostgresServer, redis: RedisServer) -> dict[str, str]:
    return {
        "DATABASE_URL": database.loopback_url(_DATABASE),
        "ENGINE_URL": redis.url,
        "EMBEDDED_WORKER": "false",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "VAPID_PRIVATE_KEY": vapid_keys.generate().private_text,
        "PUSH_LEASE_SECONDS": str(LEASE_SECONDS),
        "LOG_LEVEL": "WARNING",
    }


def _ports() -> Sequence[int]:
    found = [free_port() for _ in _EACH]
    return found if len(set(found)) == len(found) else _ports()


def _web(folder: Path, name: str, port: int, made: Scene) -> AbstractContextManager[Server | Worker]:
    settings = {"PORT": str(port), "TRUSTED_PROXIES": "1", "METRICS_TOKEN": _METRICS_TOKEN}
    return running(_folder(folder, f"web-{name}"), **made.settings, **settings)


def _worker(folder: Path, name: str, made: Scene) -> AbstractContextManager[Server | Worker]:
    sends = {"PUSH_STAND_IN": made.service.stand_in, "PUSH_CA_FILE": str(made.service.ca_file)}
    options = ("-c", "2", "-n", f"worker-{name}@%h")
    return celery_worker(_folder(folder, f"worker-{name}"), *options, **made.settings, **sends)


def _folder(folder: Path, name: str) -> Path:
    (folder / name).mkdir(exist_ok=True)
    return folder / name
