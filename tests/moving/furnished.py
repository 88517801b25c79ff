"""A site in which everything has happened: a row in every table, with values that are odd, or at their bounds."""

from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import delete, func, select, update

from tests.delivery.happenings import Happenings
from tests.people import People
from tests.push.service import GOOGLE, MOZILLA
from webpush_app import clock
from webpush_app.accounts.models import KnownAddress, LoginFailure, LoginSession, SiteFact, User
from webpush_app.database import db
from webpush_app.delivery.models import Push, State
from webpush_app.delivery.watch_models import OperatorAlert
from webpush_app.messaging.models import Message
from webpush_app.notifications.models import InboxItem, InboxMark, Presence, TurnstileRow
from webpush_app.subscriptions.models import Off
from webpush_app.subscriptions.push_services import Pause, PushService

ODD_TEXTS = (
    *("👩‍👩‍👧‍👦 at noon", "한국어, 中文, español", "line\nbreak\tand\r\nmore", r"\N \x00 \\ %s :name $1", "", " "),
    *("'; DROP TABLE users; --", '{"a": [1, null, "\\u0000"]}', "z\u0301\u200d\ufeff\u2028", "x" * 5000),
)
ODD_MOMENTS = (
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, 0, 999_999, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
)
LARGEST = 2**63 - 1


def furnish(app: Flask, people: People) -> None:
    happenings = Happenings(app)
    admin, susan, john = people("admin", is_admin=True), people("susan"), people("john")
    for host in (MOZILLA, GOOGLE, MOZILLA):
        happenings.browser(susan, host=host)
    happenings.turn_off(happenings.browser(), Off.SIGNED_OUT)
    happenings.broadcast(admin, ODD_TEXTS[0])
    happenings.broadcast(admin, "Only begun", is_fanned_out=False)
    for text in ODD_TEXTS:
        happenings.message(john, susan, text)
    people.browser("susan")
    happenings.pause(GOOGLE, Pause.BROKEN, 3600)
    happenings.worker_beats(has_ended=True)
    _end_pushes_in_every_way(happenings)
    happenings.writing(lambda: _write_the_rest(susan, john))
    happenings.writing(_forget_the_newest)


def count_rows(app: Flask) -> dict[str, int]:
    with app.app_context():
        tables = db.metadata.sorted_tables
        return {each.name: db.session.scalar(select(func.count()).select_from(each)) or 0 for each in tables}


def _end_pushes_in_every_way(happenings: Happenings) -> None:
    numbers = happenings.reading(lambda: db.session.scalars(select(Push.id).order_by(Push.id)).all())
    assert len(numbers) > 2 * len(State)
    for number, state in zip(numbers, State, strict=False):
        if state in (State.QUEUED, State.SENDING):
            happenings.change(Push, number, state=state, lease_token="a lease" if state is State.SENDING else None)
        else:
            happenings.end(number, state, "a reason", answer_status=404, said=ODD_TEXTS[1])
    happenings.attempt(numbers[-1], "slow_down", next_at=clock.now() + timedelta(hours=1), answer_status=429)


def _write_the_rest(susan: int, john: int) -> None:
    """What only hostile or unlucky people leave behind."""
    session_id = db.session.scalars(select(LoginSession.id)).first()
    for_many = db.session.scalars(select(InboxItem.id).where(InboxItem.user_id.is_(None))).first()
    db.session.add_all(LoginFailure(account=f"who {moment.year}", address="::1", at=moment) for moment in ODD_MOMENTS)
    db.session.add(OperatorAlert(kind="host_down", about=MOZILLA, said=ODD_TEXTS[1]))
    db.session.add(KnownAddress(user_id=susan, address="192.0.2.1", last_used=ODD_MOMENTS[2]))
    db.session.add(Presence(login_session_id=session_id, place="conversation:1", user_id=susan, until=clock.now()))
    db.session.add(InboxMark(user_id=john, item_id=for_many))
    db.session.add(TurnstileRow(session_digest=bytes(range(32)), full_at=LARGEST))
    db.session.add(SiteFact(name="Ünder a name", value=ODD_TEXTS[5]))
    db.session.add(SiteFact(name="_under another", value=ODD_TEXTS[4]))
    db.session.add(InboxItem(user_id=john, kind="device", subject_id=LARGEST, data_json=ODD_TEXTS[7]))
    db.session.execute(update(PushService).where(PushService.host == MOZILLA).values(usual_rate=0.1 + 0.2))
    db.session.execute(update(User).where(User.id == john).values(about_me=ODD_TEXTS[2], locale="ko"))


def _forget_the_newest() -> None:
    """Their ids are never given again."""
    for model in (Message, Push):
        newest = select(func.max(model.id)).scalar_subquery()
        db.session.execute(delete(model).where(model.id == newest))
    db.session.add(User(username="gone", password_hash="no hash"))
    db.session.flush()
    db.session.execute(delete(User).where(User.username == "gone"))
