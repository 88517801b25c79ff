"""What operators watch, at the real site with its real worker."""

import json
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.engine.processes import WORKER, find, wait_until
from tests.server.running import Server, running
from tests.server.visitors import Visitor


def checks(server: Server) -> dict[str, bool]:
    with Visitor(server.port) as visitor:
        answer = visitor.get("/readyz")
    found = {name: check["ok"] for name, check in json.loads(answer.text)["checks"].items()}
    assert (answer.status == 200) == all(found.values())
    return found


def workers(server: Server) -> float:
    with Visitor(server.port) as visitor:
        families = text_string_to_metric_families(visitor.get("/metrics").text)
        return next(family.samples[0].value for family in families if family.name == "webpush_workers")


def test_a_site_becomes_ready_by_itself(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        wait_until(lambda: all(checks(server).values()), 10)
        assert workers(server) == 1
        assert len(find(server.process.pid, WORKER)) == 1


def test_a_site_whose_worker_is_elsewhere_says_so(tmp_path: Path) -> None:
    with running(tmp_path, EMBEDDED_WORKER="false") as server:
        assert checks(server)["worker"]
        assert workers(server) == 0
