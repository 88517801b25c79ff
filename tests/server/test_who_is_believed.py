"""Without TRUSTED_PROXIES nobody is believed who says for whom, and how, they ask; also not on this machine."""

from collections.abc import Iterator

import pytest

from tests.server.running import Server, running
from tests.server.visitors import Visitor


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("instance"), EMBEDDED_WORKER="false") as server:
        yield server


@pytest.mark.parametrize("name", ["X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Ssl"])
def test_that_it_came_by_https(server: Server, name: str) -> None:
    with Visitor(server.port) as visitor:
        answer = visitor.ask("GET", "/login", headers={name: "on" if name.endswith("Ssl") else "https"})
    assert answer.status == 200
    assert "Secure" not in answer.headers["Set-Cookie"]


def test_where_the_site_begins(server: Server) -> None:
    with Visitor(server.port) as visitor:
        answer = visitor.ask("GET", "/login", headers={"SCRIPT_NAME": "/elsewhere", "X-Forwarded-Prefix": "/elsewhere"})
    assert answer.status == 200
    assert "elsewhere" not in answer.text
