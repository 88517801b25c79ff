"""Sees every switch of greenlets that happens inside a write, and where it happened."""

import traceback
from typing import Any

import greenlet  # type: ignore[import-untyped]  # ships no types
from sqlalchemy import Connection, Engine, event

from webpush_app.database import sqlite


class WriteWatch:
    def __init__(self, engine: Engine) -> None:
        self.writes = 0
        self.switches: list[str] = []
        self._writing: set[greenlet.greenlet] = set()
        # Listens after the product's own "begin", which may wait: from here on the database is ours.
        event.listen(engine, "begin", self._begun)
        event.listen(engine, "commit", self._ended)
        event.listen(engine, "rollback", self._ended)
        greenlet.settrace(self._trace)

    @property
    def is_writing(self) -> bool:
        return greenlet.getcurrent() in self._writing

    def _begun(self, connection: Connection) -> None:
        if connection.get_execution_options().get(sqlite.BEGIN_MODE) == "IMMEDIATE":
            self.writes += 1
            self._writing.add(greenlet.getcurrent())

    def _ended(self, _connection: Connection) -> None:
        self._writing.discard(greenlet.getcurrent())

    def _trace(self, _event: str, arguments: Any) -> None:
        origin, _target = arguments
        if origin in self._writing:
            frames = traceback.extract_stack(origin.gr_frame, limit=12)
            self.switches.append(" < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames)))
