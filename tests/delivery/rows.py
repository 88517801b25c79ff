"""Rows of the outbox and what is around it, put there as they are wanted: who watches or tidies only looks at them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import func, insert, select

from webpush_app import clock
from webpush_app.database import begin_write, db
from webpush_app.delivery.models import Lane, Push, PushAttempt, PushTally, State
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.push_services import PushService

MOZILLA = "updates.push.services.mozilla.com"
Result = TypeVar("Result")


@dataclass
class Rows:
    app: Flask
    _taken: dict[str, int] = field(default_factory=lambda: {"subject": 0})

    def reading(self, read: Callable[[], Result]) -> Result:
        with self.app.app_context():
            return read()

    def writing(self, write: Callable[[], Result]) -> Result:
        with self.app.app_context():
            begin_write()
            written = write()
            db.session.commit()
            return written

    def service(self, host: str = MOZILLA, **values: Any) -> int:
        """The number of the row of this host, made where there is none."""

        def write() -> int:
            known = db.session.scalar(select(PushService.id).where(PushService.host == host))
            if known is not None:
                return known
            row = PushService(host=host, **values)
            db.session.add(row)
            db.session.flush()
            return row.id

        return self.writing(write)

    def subscription(self, service_id: int, number: int = 1) -> list[int]:
        """Browsers that are on; nothing can be sent to them."""
        common = {"service_id": service_id, "p256dh": "", "auth": "", "vapid_public_key": "", "locale": "en"}
        endpoint = f"https://{MOZILLA}/wpush/v2/made-up-"
        numbers = [self._next() for _number in range(number)]
        rows = [{"fingerprint": f"{one:064}", "endpoint": f"{endpoint}{one}", **common} for one in numbers]
        inserted = insert(PushSubscription).returning(PushSubscription.id)
        return self.writing(lambda: list(db.session.scalars(inserted, rows)))

    def push(self, state: State = State.QUEUED, number: int = 1, **values: Any) -> list[int]:
        """So many of the same; due now, or ended now, unless the values say otherwise. Their numbers."""
        now = clock.now()
        is_final = state not in (State.QUEUED, State.SENDING)
        common: dict[str, Any] = {
            "kind": "message",
            "subscription_id": 1,
            "service_id": values.get("service_id") or self.service(),
            "lane": int(Lane.PERSONAL),
            "state": str(state),
            "created_at": now,
            "expires_at": now + timedelta(hours=24),
            "due_at": None if is_final else now,
            "answered_at": now if is_final else None,
            **values,
        }
        rows = [{"subject_id": self._next(), **common} for _number in range(number)]
        return self.writing(lambda: list(db.session.scalars(insert(Push).returning(Push.id), rows)))

    def old(self, state: State, number: int = 1, *, days: float, **values: Any) -> list[int]:
        """Ended so long ago."""
        moment = clock.now() - timedelta(days=days)
        return self.push(state, number, **{"created_at": moment, "answered_at": moment, **values})

    def attempt(self, push_id: int, *, days: float = 0) -> int:
        statement = insert(PushAttempt).values(push_id=push_id, at=clock.now() - timedelta(days=days))
        return self.writing(lambda: db.session.execute(statement.returning(PushAttempt.id)).scalar_one())

    def tally(self, subject_id: int, *lines: tuple[State, int], kind: str = "broadcast") -> None:
        rows = [
            {"kind": kind, "subject_id": subject_id, "state": str(state), "number": number} for state, number in lines
        ]
        self.writing(lambda: db.session.execute(insert(PushTally), rows))

    def lines(self, subject_id: int) -> int:
        return self.reading(lambda: self._count(PushTally, PushTally.subject_id == subject_id))

    def ids(self, model: Any) -> list[int]:
        return self.reading(lambda: list(db.session.scalars(select(model.id).order_by(model.id))))

    def all(self, model: Any) -> Sequence[Any]:
        return self.reading(lambda: db.session.scalars(select(model).order_by(model.id)).all())

    @staticmethod
    def _count(model: Any, *which: Any) -> int:
        return db.session.scalar(select(func.count()).select_from(model).where(*which)) or 0

    def _next(self) -> int:
        self._taken["subject"] += 1
        return self._taken["subject"]
