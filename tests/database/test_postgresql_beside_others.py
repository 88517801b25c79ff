"""In the web process a query that takes long keeps nobody else waiting: the driver waits as gevent does."""

import pytest
from flask import Flask

from tests.database import programs
from tests.databases import Database

pytestmark = pytest.mark.postgresql_only("SQLite answers at once or not at all")


def test_a_slow_query_freezes_nobody_also_where_thousands_are_connected(app: Flask, database: Database) -> None:
    found = programs.result(programs.start("slow_query", app.instance_path, database.url))
    assert found["statuses"] == [200] * 5
    assert found["slow_seconds"] >= 1
    assert found["others_seconds"] < found["slow_seconds"]
    assert found["largest_gap_seconds"] < 0.5
    assert found["descriptor"] > 1024
