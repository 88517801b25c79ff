"""A server with people who are signed in already, and many of them acting at the same moment."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask

from tests.conftest import SECRET_KEY, settings_in
from tests.databases import database_in
from tests.people import People
from tests.server.running import Server, running
from tests.server.visitors import COOKIE, Answer, Visitor
from webpush_app import start
from webpush_app.database import db

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass
class Place:
    """A running server and its database."""

    server: Server
    folder: Path
    cookies: dict[str, str]

    @contextmanager
    def visitors(self, *names: str) -> Iterator[list[Visitor]]:
        """Signed in, and each with an open connection."""
        with ExitStack() as open_until_the_end:
            made = [Visitor(self.server.port, self.cookies[name]) for name in names]
            yield [open_until_the_end.enter_context(visitor) for visitor in made]

    def rows(self, query: str, **values: object) -> Sequence[Any]:
        return database_in(self.folder).rows(query, **values)

    def unread(self, name: str) -> int:
        count: int = self.rows(
            "SELECT count(*) FROM messages JOIN users ON users.id = recipient_id "
            "WHERE username = :name AND read_at IS NULL",
            name=name,
        )[0][0]
        return count

    def announced_unread(self, name: str) -> int:
        """What open pages of this person are told."""
        rows = self.rows(
            "SELECT payload_json FROM notifications JOIN users ON users.id = user_id "
            "WHERE username = :name AND name = 'unread_message_count'",
            name=name,
        )
        assert len(rows) == 1
        count: int = json.loads(rows[0][0])
        return count


@contextmanager
def place(folder: Path, password_hash: str, *names: str) -> Iterator[Place]:
    cookies = sign_in(start.prepare(settings_in(folder)), password_hash, names)
    with running(folder, SECRET_KEY=SECRET_KEY, LOG_LEVEL="INFO") as server:
        yield Place(server, folder, cookies)
    for complaint in ("locked", "Traceback", " ERROR ", "Warning"):
        assert complaint not in server.output


def at_once(act: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Everybody waits for the last one, and then all act in the same moment."""
    everybody = threading.Barrier(len(items))

    def wait_and_act(item: Item) -> Result:
        everybody.wait(timeout=30)
        return act(item)

    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(wait_and_act, items, timeout=90))


def badge(page: Answer) -> int:
    """The number that the navigation shows."""
    return int(page.text.split('id="message_count"')[1].split('class="number">')[1].split("<")[0])


def sign_in(app: Flask, password_hash: str, names: Sequence[str]) -> dict[str, str]:
    people = People(app, password_hash)
    cookies = {}
    for name in names:
        cookie = people.browser(name).client.get_cookie(COOKIE)
        assert cookie is not None
        cookies[name] = cookie.value
    with app.app_context():
        db.engine.dispose()
    return cookies
