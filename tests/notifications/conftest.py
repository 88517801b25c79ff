"""A real server beside the app of the test: what the test writes comes to it from another process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import SECRET_KEY, Database
from tests.server.running import Server, running


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[Server]:
    given = {"DATABASE_URL": database.url, "SECRET_KEY": SECRET_KEY, "EMBEDDED_WORKER": "false"}
    with running(tmp_path, PYTHONWARNINGS="ignore", **given) as started:
        yield started
    assert "Traceback" not in started.output, started.output
