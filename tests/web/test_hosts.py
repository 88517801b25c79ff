"""A Host header that names no host is turned away in front of everything; what browsers send passes."""

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:5000",
        "127.0.0.1:5000",
        "[::1]:5000",
        "example.org",
        "a-b.example.org.",
        "xn--bcher-kva.example",
    ],
)
def test_the_name_of_a_host_passes(stranger: FlaskClient, host: str) -> None:
    assert stranger.get("/login", environ_overrides={"HTTP_HOST": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a" * 64 + ".org",
        "a..b",
        ".",
        "-a.org",
        "a b",
        "a/b",
        "a@b",
        "<script>",
        "é.org",
        "[::1",
        "h:port",
        "x" * 300,
        "a:1:2",
    ],
)
def test_anything_else_is_turned_away(stranger: FlaskClient, host: str) -> None:
    answer = stranger.get("/login", environ_overrides={"HTTP_HOST": host})
    assert answer.status_code == 400
    assert answer.content_type == "text/plain"
    assert "<" not in answer.text
