"""Whose address counts: the visitor's own behind a proxy that is trusted, the connection's otherwise."""

import pytest
from flask import Flask, request

from tests.conftest import AppMaker

FORWARDED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "chat.example"}


def _seen(app: Flask, headers: dict[str, str]) -> tuple[str | None, str, str]:
    seen: list[tuple[str | None, str, str]] = []

    def look() -> None:
        seen.append((request.remote_addr, request.scheme, request.host))

    app.before_request(look)
    app.test_client().get("/healthz", headers=headers)
    return seen[0]


def test_nobody_is_believed_by_default(app: Flask) -> None:
    assert _seen(app, FORWARDED) == ("127.0.0.1", "http", "localhost")


def test_a_trusted_proxy_says_who_asks(make_app: AppMaker) -> None:
    assert _seen(make_app(trusted_proxies=1), FORWARDED) == ("203.0.113.9", "https", "chat.example")


@pytest.mark.parametrize("forged", ["198.51.100.1, 203.0.113.9", "evil, 203.0.113.9"])
def test_what_a_visitor_put_in_front_is_not_believed(make_app: AppMaker, forged: str) -> None:
    address, _scheme, _host = _seen(make_app(trusted_proxies=1), FORWARDED | {"X-Forwarded-For": forged})
    assert address == "203.0.113.9"
