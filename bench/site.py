"""The service as a person starts it, with people in it who can sign in."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.connection import Connection, connected
from tests.server.running import Server, running
from webpush_app import config, start
from webpush_app.accounts import passwords, service
from webpush_app.database import begin_write, db

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Site:
    server: Server
    database: Path

    @property
    def port(self) -> int:
        return self.server.port

    def ask_database(self, query: str, *parameters: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(query, parameters).fetchall()


@contextmanager
def serving(folder: Path, people: Sequence[str], **settings_of_server: str) -> Iterator[Site]:
    settings = config.load({"INSTANCE_PATH": str(folder)})
    app = start.prepare(settings)
    with app.app_context():
        begin_write()
        password_hash = passwords.hash_password(PASSWORD)
        for name in people:
            service.create_user(name, password_hash)
        db.session.commit()
        db.engine.dispose()
    with running(folder, **settings_of_server) as server:
        yield Site(server, Path(settings.database_url.removeprefix("sqlite:///")))


@contextmanager
def signed_in(site: Site, people: Sequence[str]) -> Iterator[list[Connection]]:
    """A connection for each person, in that order."""
    with connected(site.port, len(people)) as connections:
        for connection, name in zip(connections, people, strict=True):
            fields = login_fields(connection, name)
            connection.cookies |= connection.post("/login", fields).expect(302).cookies
        yield connections


def login_fields(connection: Connection, name: str) -> dict[str, str]:
    token = connection.open("/login").expect(200).csrf_token()
    return {"csrf_token": token, "username": name, "password": PASSWORD}
