"""Whether this process can do its work, as a load balancer or a monitor asks it every few seconds.

What has to be asked is handed in by the factory, by name. However many ask, it is asked once a second; and a database
that does not answer holds up one thread, and whoever asked for two seconds.
"""

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any

from flask import Flask, current_app

from webpush_app.database import db
from webpush_app.logs import line

log = logging.getLogger(__name__)

KEPT_SECONDS = 1.0
PATIENCE_SECONDS = 2.0
_READINESS = "readiness"


@dataclass(frozen=True)
class Check:
    is_ok: bool
    said: str
    """For whoever looks after the site, and the same for everybody who asks; so it is not translated."""
    seconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        seconds = {} if self.seconds is None else {"seconds": round(self.seconds, 1)}
        return {"ok": self.is_ok, "said": self.said, **seconds}


@dataclass(frozen=True)
class Report:
    checks: Mapping[str, Check]

    @property
    def is_ready(self) -> bool:
        return all(check.is_ok for check in self.checks.values())

    def to_json(self) -> dict[str, Any]:
        checks = {name: check.to_json() for name, check in self.checks.items()}
        return {"status": "ready" if self.is_ready else "not_ready", "checks": checks}


HealthChecks = Mapping[str, Callable[[], Check]]


def init_app(app: Flask, checks: HealthChecks) -> None:
    app.extensions[_READINESS] = _Readiness(app, checks)


def current_report() -> Report:
    readiness: _Readiness = current_app.extensions[_READINESS]
    return readiness.report()


class _Readiness:
    def __init__(self, app: Flask, checks: HealthChecks) -> None:
        self._app = app
        self._checks = checks
        self._lock = Lock()
        self._asked: Future[Report] | None = None
        self._asked_at = 0.0

    def report(self) -> Report:
        try:
            return self._ask().result(PATIENCE_SECONDS)
        except TimeoutError:
            said = f"It does not answer within {PATIENCE_SECONDS:g} seconds."
            return Report({"database": Check(False, said, PATIENCE_SECONDS)})

    def _ask(self) -> Future[Report]:
        """The question that is under way, or was answered just now; else a new one, in a thread of its own."""
        with self._lock:
            asked = self._asked
            if asked is None or (asked.done() and time.monotonic() - self._asked_at >= KEPT_SECONDS):
                asked, self._asked_at = Future[Report](), time.monotonic()
                self._asked = asked
                Thread(target=self._answer, args=(asked,), name="readiness", daemon=True).start()
            return asked

    def _answer(self, asked: Future[Report]) -> None:
        try:
            with self._app.app_context():
                asked.set_result(Report({name: self._check(name) for name in self._checks}))
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            asked.set_exception(error)

    def _check(self, name: str) -> Check:
        try:
            return self._checks[name]()
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is no
            log.warning(line("readiness_unknown", check=name, error=type(error).__name__))
            return Check(False, f"It cannot be found out: {type(error).__name__}.")
        finally:
            db.session.rollback()
