"""Many rows that come in one step are the rows that come one by one."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import Boolean, bindparam, func, literal_column, select

from webpush_app.accounts.models import LoginFailure
from webpush_app.database import InOneStep, among, begin_write, db

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
WORDS = [
    "",
    'it\'s "quoted", \\ and / too',
    "two\nlines\tand a \x01 control sign",
    "한국어 · 中文 · 🎉👩‍👩‍👧 · \u2028",
    "[1, null]",
    "9007199254740993",
]
TABLE = LoginFailure.__table__
BY_ID = select(TABLE.c.id, TABLE.c.account, TABLE.c.at).where(among(TABLE.c.id, "ids")).order_by(TABLE.c.id)


@pytest.fixture
def ids(app: Flask) -> list[int]:
    rows = [LoginFailure(account=words, address="", at=NOON.replace(second=index)) for index, words in enumerate(WORDS)]
    with app.app_context():
        begin_write()
        db.session.add_all(rows)
        db.session.commit()
        return [row.id for row in rows]


def test_every_word_and_moment_is_the_same(app: Flask, ids: list[int]) -> None:
    with app.app_context():
        fetched = [tuple(row) for row in InOneStep(BY_ID).fetch({"ids": ids})]
        one_by_one = [tuple(row) for row in db.session.execute(BY_ID, {"ids": ids})]
    assert fetched == one_by_one
    assert fetched == [(ids[index], words, NOON.replace(second=index)) for index, words in enumerate(WORDS)]
    assert all(row[2].tzinfo is UTC for row in fetched)


def test_they_come_in_the_order_that_was_asked_for(app: Flask, ids: list[int]) -> None:
    backwards = InOneStep(select(TABLE.c.id).order_by(TABLE.c.at.desc()).limit(bindparam("most")))
    with app.app_context():
        assert [row[0] for row in backwards.fetch({"most": 4})] == ids[::-1][:4]


def test_what_is_true_is_true_and_nothing_is_nothing(app: Flask, ids: list[int]) -> None:
    is_first = (TABLE.c.id == ids[0]).cast(Boolean)
    nothing = func.nullif(TABLE.c.at, TABLE.c.at, type_=TABLE.c.at.type)
    query = select(is_first.label("first"), nothing.label("at"), literal_column("null").label("none"))
    with app.app_context():
        rows = [tuple(row) for row in InOneStep(query.order_by(TABLE.c.id).limit(2)).fetch({})]
    assert rows == [(True, None, None), (False, None, None)]
    assert [type(row[0]) for row in rows] == [bool, bool]


def test_none_are_none(app: Flask) -> None:
    with app.app_context():
        assert list(InOneStep(BY_ID).fetch({"ids": [1, 2]})) == []
        assert list(InOneStep(BY_ID).fetch({"ids": []})) == []
