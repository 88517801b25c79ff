"""What the tests of the engine share: a push service, and an outbox in the folder that real workers are pointed at."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from typing import Protocol

import pytest
from flask import Flask

from tests.conftest import SECRET_KEY, AppMaker
from tests.databases import Database
from tests.delivery.outgoing import Outgoing
from tests.engine.running_loop import RunLoop, Running, wait_for_the_threads
from tests.push.service import PushService
from tests.push.worker_process import Worker, pushing
from webpush_app.broker.queues import QUEUES
from webpush_app.delivery.doorbell import Doorbell
from webpush_app.engine import crew
from webpush_app.engine.crew import Crew
from webpush_app.engine.loop import Loop
from webpush_app.protocol.requests_transport import RequestsTransport

CONTACT = "mailto:ops@example.com"
DEADLINE_SECONDS = 2.0
PARALLEL = 4

Hire = Callable[..., Crew]


class StartWorker(Protocol):
    def __call__(self) -> AbstractContextManager[Worker]: ...


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushService]:
    with PushService(tmp_path_factory.mktemp("push")) as service:
        yield service


@pytest.fixture
def transport(service: PushService) -> Iterator[RequestsTransport]:
    transport = RequestsTransport(**service.transport_options(), deadline_seconds=DEADLINE_SECONDS)
    yield transport
    transport.close()


@pytest.fixture
def app(make_app: AppMaker) -> Flask:
    return make_app(vapid_claim_email=CONTACT)


@pytest.fixture
def outgoing(app: Flask, service: PushService, transport: RequestsTransport) -> Outgoing:
    return Outgoing(app, service, transport)


@pytest.fixture
def start_worker(tmp_path: Path, database: Database, service: PushService) -> StartWorker:
    """A real worker at the same outbox, with the same secret key."""
    given = {"VAPID_CLAIM_EMAIL": CONTACT, "SECRET_KEY": SECRET_KEY, "DATABASE_URL": database.url}
    return lambda: pushing(tmp_path, service.stand_in, service.ca_file, **given)


@pytest.fixture
def run_loop(app: Flask, service: PushService, tmp_path: Path) -> Iterator[RunLoop]:
    made: list[Running] = []
    transports: list[RequestsTransport] = []
    with closing(Doorbell(tmp_path)) as bell:

        def run(**given: int) -> Running:
            reaching = service.transport_options()
            transports.append(RequestsTransport(**reaching, deadline_seconds=DEADLINE_SECONDS, parallel=PARALLEL))
            made.append(Running(Loop(app, transports[-1], bell, **given)))
            return made[-1]

        yield run
        for one in made:
            one.stop()
        wait_for_the_threads()
        for transport in transports:
            transport.close()


@pytest.fixture
def hire(app: Flask, service: PushService, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hire]:
    """It looks out only when the test says so."""
    monkeypatch.setattr(crew, "LOOK_OUT_EVERY_SECONDS", 3600.0)
    with ExitStack() as afterwards:

        def make(*queues: str, is_stopping: Callable[[], bool] = lambda: False) -> Crew:
            reaching = service.transport_options()
            transport = RequestsTransport(**reaching, deadline_seconds=DEADLINE_SECONDS, parallel=PARALLEL)
            hired = Crew(app, transport, queues or QUEUES, is_stopping)
            afterwards.callback(transport.close)
            afterwards.callback(wait_for_the_threads)
            afterwards.callback(hired.end)
            return hired

        yield make
