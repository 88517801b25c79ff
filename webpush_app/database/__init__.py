"""The database: models' base, the session's rules, and a file each for what is special about SQLite and PostgreSQL."""

from webpush_app.database.base import IDS_ARE_NEVER_REUSED, Base, UtcDateTime
from webpush_app.database.given import given_rows
from webpush_app.database.ids import among
from webpush_app.database.in_one_step import InOneStep
from webpush_app.database.session import (
    after_commit,
    begin_write,
    check,
    db,
    engine_options,
    init_app,
    is_writing,
    leave_the_disk_its_time,
    open_another,
    short_write,
)
from webpush_app.database.turns import alone, beside_others
from webpush_app.database.upsert import insert_or_update, insert_unless_there

__all__ = [
    "IDS_ARE_NEVER_REUSED",
    "Base",
    "InOneStep",
    "UtcDateTime",
    "after_commit",
    "alone",
    "among",
    "begin_write",
    "beside_others",
    "check",
    "db",
    "engine_options",
    "given_rows",
    "init_app",
    "insert_or_update",
    "insert_unless_there",
    "is_writing",
    "leave_the_disk_its_time",
    "open_another",
    "short_write",
]
