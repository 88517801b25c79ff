"""Servers that are down, that hang, or that die while they answer: who is asked next, and what visitors are told."""

import base64
import hashlib
import json
import re
import time
from pathlib import Path

import pytest

from tests.deploy.conftest import Pair
from tests.deploy.nginx import nginx
from tests.deploy.upstreams import ill
from tests.deploy.visitors import Guest
from tests.people import PASSWORD
from tests.server.running import free_port
from tests.server.visitors import Answer

pytestmark = pytest.mark.nginx

LONGEST_SECONDS = 5.0
API = "/api/push-subscriptions"


def check_it_is_kind(answer: Answer, *, is_json: bool) -> None:
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Strict-Transport-Security"]
    if is_json:
        assert answer.headers["Content-Type"] == "application/json"
        assert json.loads(answer.text)["code"] == "unreachable"
    else:
        assert answer.headers["Content-Type"] == "text/html"
        assert "Back in a moment" in answer.text
        assert "잠시 후" in answer.text


def test_where_one_is_down_the_other_serves(tmp_path: Path, pair: Pair) -> None:
    with nginx(tmp_path / "nginx", [free_port(), pair.ports[0]]) as front:
        for number in range(6):
            with Guest(front) as guest:
                assert guest.get("/healthz").status == 200
                fields = {"username": f"newcomer{number}", "password": PASSWORD, "password2": PASSWORD}
                assert guest.submit("/register", **fields).status == 302


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/messages", API, "/admin-api/broadcasts/1", "/notifications"])
def test_where_both_are_down_it_is_said_kindly(tmp_path: Path, method: str, path: str) -> None:
    with nginx(tmp_path / "nginx", [free_port(), free_port()]) as front, Guest(front) as guest:
        body = b"message=Hello" if method == "POST" else None
        check_it_is_kind(guest.ask(method, path, body), is_json=path != "/messages")


def test_the_page_that_says_it_may_have_its_style_and_nothing_else(tmp_path: Path) -> None:
    with nginx(tmp_path / "nginx", [free_port(), free_port()]) as front, Guest(front) as guest:
        answer = guest.ask("GET", "/messages")
    [style] = re.findall("<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_program_is_answered_within_five_seconds_by_servers_that_hang(tmp_path: Path, method: str) -> None:
    with (
        ill(hangs=True) as first,
        ill(hangs=True) as second,
        nginx(tmp_path / "nginx", [first.port, second.port]) as front,
        Guest(front) as guest,
    ):
        began = time.monotonic()
        check_it_is_kind(guest.ask(method, API, b"{}" if method == "POST" else None), is_json=True)
        assert time.monotonic() - began < LONGEST_SECONDS
        assert first.asked + second.asked == [f"{method} {API}"]


def test_what_was_sent_once_is_not_sent_to_the_other(tmp_path: Path) -> None:
    """Whether a server that died had stored it, nobody knows. Who only reads is answered by the other."""
    with (
        ill(hangs=False) as first,
        ill(hangs=False) as second,
        nginx(tmp_path / "nginx", [first.port, second.port]) as front,
        Guest(front) as guest,
    ):
        check_it_is_kind(guest.ask("POST", "/send_message/susan", b"message=Hello"), is_json=False)
        assert first.asked + second.asked == ["POST /send_message/susan"]
        check_it_is_kind(guest.get("/messages"), is_json=False)
        assert sorted(first.asked + second.asked) == ["GET /messages"] * 2 + ["POST /send_message/susan"]


def test_who_sends_slowly_does_not_reach_a_server_before_all_is_there(tmp_path: Path) -> None:
    with (
        ill(hangs=False) as first,
        ill(hangs=False) as second,
        nginx(tmp_path / "nginx", [first.port, second.port]) as front,
        Guest(front) as guest,
    ):
        guest.connection.putrequest("POST", "/login")
        guest.connection.putheader("Content-Length", "10")
        guest.connection.endheaders(b"username=")
        time.sleep(0.5)
        assert first.asked + second.asked == []
        guest.connection.send(b"a")
        assert guest.read_answer().status == 503
        assert first.asked + second.asked == ["POST /login"]
