"""Hands people's news to their sockets in this process: one after the other, in one thread of its own.

So everything for one person happens in order. Who joins gets what is new since the moment they name, from the same look
at the database that brings the others up to date: nothing falls between, and nothing comes twice. Where the database
cannot be asked, the same is done again after a pause.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Protocol

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from webpush_app.accounts.sessions import list_live
from webpush_app.errors import AppError
from webpush_app.logs import line
from webpush_app.notifications.news import News, list_since
from webpush_app.notifications.sockets import Seat, Sockets

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0
_BREATH_SECONDS = 0.001  # between two people, so that whoever asks by HTTP has their turn

Task = Callable[[], None]


class Mouth(Protocol):
    """How something is said to sockets."""

    def welcome(self, seat: Seat, news: Sequence[News]) -> None: ...
    def tell_all_of(self, user_id: int, news: Sequence[News]) -> None: ...


class Courier:
    def __init__(self, app: Flask, sockets: Sockets, mouth: Mouth) -> None:
        self._app = app
        self._sockets = sockets
        self._mouth = mouth
        self._bell = threading.Event()
        self._lock = threading.Lock()
        self._joining: deque[tuple[Seat, int]] = deque()
        # Dictionaries as sets that know their order: whoever is woken twice is looked after once.
        self._woken: dict[int, None] = {}
        self._of_everybody: dict[int, None] = {}
        self._is_check_due = False

    def start(self) -> None:
        threading.Thread(target=self._run, name="live-courier", daemon=True).start()

    def join(self, seat: Seat, since: int) -> None:
        self._joining.append((seat, since))
        self._bell.set()

    def wake(self, user_ids: Collection[int]) -> None:
        with self._lock:
            self._woken.update(dict.fromkeys(self._sockets.people(user_ids)))
        self._bell.set()

    def wake_everybody(self) -> None:
        with self._lock:
            self._of_everybody.update(dict.fromkeys(self._sockets.people()))
        self._bell.set()

    def check_sessions(self) -> None:
        self._is_check_due = True
        self._bell.set()

    def _run(self) -> None:
        while True:
            self._bell.wait()
            self._bell.clear()
            while tasks := self._next_tasks():
                for task in tasks:
                    self._do(task)
                    time.sleep(_BREATH_SECONDS)

    def _next_tasks(self) -> list[Task]:
        """One of each kind: neither a crowd that joins nor news for everybody keeps one message waiting."""
        tasks: list[Task] = []
        with self._lock:
            for woken in (self._woken, self._of_everybody):
                if woken:
                    user_id = next(iter(woken))
                    del woken[user_id]
                    tasks.append(partial(self._bring_news, user_id))
        if self._joining:
            tasks.append(partial(self._let_join, *self._joining.popleft()))
        if self._is_check_due:
            self._is_check_due = False
            tasks.append(self._check_sessions)
        return tasks

    def _do(self, task: Task) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                with self._app.app_context():
                    task()
                return
            except (AppError, SQLAlchemyError) as error:
                log.info(line("live_waits_for_the_database", why=type(error).__name__))
            except Exception:
                log.exception(line("live_task_failed"))
                return
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _bring_news(self, user_id: int) -> None:
        person = self._sockets.person(user_id)
        if person is None or person.cursor is None:  # they have left meanwhile, or read as they join
            return
        news = list_since(user_id, person.cursor)
        if news:
            person.cursor = news[-1].timestamp
            self._mouth.tell_all_of(user_id, news)

    def _let_join(self, seat: Seat, since: int) -> None:
        person = self._sockets.person(seat.user_id)
        if seat.has_left or person is None:
            return
        if not list_live([seat.session_id]):  # it has ended since this one was let in
            seat.close(is_for_good=True)
            return
        # Never trusting `since` with the others' cursor: it may name a moment that is still to come.
        had = person.cursor or 0
        news = list_since(seat.user_id, min(had, since))
        if person.cursor is not None and (missed := [one for one in news if one.timestamp > had]):
            self._mouth.tell_all_of(seat.user_id, missed)
        person.cursor = max(had, news[-1].timestamp) if news else had
        self._mouth.welcome(seat, [one for one in news if one.timestamp > since])

    def _check_sessions(self) -> None:
        connected = self._sockets.sessions()
        gone = set(connected) - list_live(connected) if connected else ()
        for seat in self._sockets.of_sessions(gone):
            seat.close(is_for_good=True)
