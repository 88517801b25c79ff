"""`python app.py`: the service is there, says where, and is there again quickly the next time."""

import socket
from pathlib import Path

import pytest

from tests.conftest import SECRET_KEY, settings_in
from tests.people import People
from tests.server.running import free_port, is_up, running
from tests.server.visitors import Visitor
from webpush_app import start
from webpush_app.database import db


def test_it_answers_and_says_where_and_how_the_first_admin_is_made(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        with Visitor(server.port) as visitor:
            health = visitor.get("/healthz")
            assert (health.status, health.text) == (200, '{"status":"ok"}\n')
            assert visitor.get("/").status == 200
            assert server.lines[0] == f"Ready: {server.url}"
            assert "There is no admin yet." in server.lines[1]
            link = server.first_admin_path()
            assert link
            assert server.lines[1].endswith(f"{server.url}{link}")
            assert visitor.get(link).status == 200
        server.stop()
        assert len(server.lines) == 2, server.output


def test_the_link_is_new_with_each_start_and_the_old_one_has_ended(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        first = server.first_admin_path()
    with running(tmp_path) as server:
        second = server.first_admin_path()
        assert first
        assert second
        assert first != second
        with Visitor(server.port) as visitor:
            assert visitor.get(first).status == 404
            assert visitor.get(second).status == 200


def test_where_there_is_an_admin_no_link_is_printed(tmp_path: Path, password_hash: str) -> None:
    app = start.prepare(settings_in(tmp_path))
    People(app, password_hash)("boss", is_admin=True)
    with app.app_context():
        db.engine.dispose()
    with running(tmp_path, SECRET_KEY=SECRET_KEY) as server:
        assert server.lines == [f"Ready: {server.url}"]


@pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2"])
def test_host_and_port_are_the_ones_that_were_asked_for(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, HOST="127.0.0.2", PORT=str(port)) as server:
        assert server.port == port
        assert server.lines[0] == f"Ready: http://127.0.0.2:{port}"
        assert is_up(port, "127.0.0.2")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=2)
