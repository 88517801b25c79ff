"""Rows that a statement is given are one parameter, whatever is in them and however many they are."""

import pytest
from flask import Flask
from sqlalchemy import BigInteger, Text, event, select

from webpush_app.database import InOneStep, db, given_rows

GIVEN = given_rows("rows", number=BigInteger(), name=Text())
ALL = select(GIVEN.c.number, GIVEN.c.name).order_by(GIVEN.c.number)


@pytest.mark.parametrize("name", ["", "plain", 'it\'s "quoted"', "저녁 🍲", "a,b]", None])
def test_they_come_as_they_were_given(app: Flask, name: str | None) -> None:
    rows = [(1, name), (2**53, "last")]
    with app.app_context():
        assert [tuple(row) for row in db.session.execute(ALL, {"rows": rows})] == rows
        assert [tuple(row) for row in InOneStep(ALL).fetch({"rows": rows})] == rows


def test_none_are_none(app: Flask) -> None:
    with app.app_context():
        assert db.session.execute(ALL, {"rows": []}).all() == []


def test_the_statement_is_the_same_however_many(app: Flask) -> None:
    seen = set[str]()
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *given: seen.add(given[2]))
        for number in (1, 3, 3000):
            found = db.session.execute(ALL, {"rows": [(one, "x") for one in range(number)]}).all()
            assert len(found) == number
    assert len(seen) == 1


def test_two_with_other_columns_are_two_statements(app: Flask) -> None:
    """SQLAlchemy keeps what it has written once."""
    other = given_rows("rows", first=Text(), second=Text())
    with app.app_context():
        assert db.session.execute(select(GIVEN.c.number), {"rows": [(5, "a")]}).scalar_one() == 5
        assert db.session.execute(select(other.c.second), {"rows": [("a", "b")]}).scalar_one() == "b"
