"""A worker of Celery's, and what each of its processes has of its own.

The app is made before the processes of the pool are forked, so that they share its memory. Connections, threads and the
transport belong to one process alone: they are made after the fork, and end in order with it.
"""

import mmap
import os
from collections.abc import Collection

from flask import Flask

from webpush_app import database
from webpush_app.broker.queues import QUEUES
from webpush_app.database import db
from webpush_app.engine.carrying import MakeTransport, open_transport, transport_for
from webpush_app.engine.crew import Crew
from webpush_app.factory import create_app


class Staff:
    def __init__(self, make_transport: MakeTransport | None = None) -> None:
        self._make_transport = make_transport
        self._app: Flask | None = None
        self._crew: Crew | None = None
        self._pid = 0
        # One byte that all processes see: the parent is told of a stop, and the children are not.
        self._stop = mmap.mmap(-1, 1)
        self.queues: Collection[str] = QUEUES

    @property
    def app(self) -> Flask:
        if self._app is None:
            self._app = create_app()
            with self._app.app_context():
                database.leave_the_disk_its_time()
        return self._app

    @property
    def crew(self) -> Crew:
        """This process's own."""
        if self._crew is None or self._pid != os.getpid():
            self.become_a_process_of_its_own()
            transport = open_transport(self.app, self._make_transport or transport_for(self.app))
            self._crew = Crew(self.app, transport, self.queues, self.is_stopping)
        return self._crew

    def become_a_process_of_its_own(self) -> None:
        self._pid = os.getpid()
        with self.app.app_context():
            db.engine.dispose(close=False)  # what the parent opened is the parent's

    def is_stopping(self) -> bool:
        return self._stop[0] != 0

    def stop(self) -> None:
        """No more is taken, in any of the processes."""
        self._stop[0] = 1

    def leave(self) -> None:
        """This process ends."""
        if self._crew is not None and self._pid == os.getpid():
            self._crew.end()
            self._crew = None
