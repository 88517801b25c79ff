"""What a visitor says of where they come from is gone when the app is asked; what nginx knows is there instead."""

import itertools
from pathlib import Path

import pytest

from tests.deploy.nginx import Front, nginx
from tests.deploy.upstreams import ill
from tests.deploy.visitors import Guest
from tests.people import PASSWORD

pytestmark = pytest.mark.nginx

FREE_FAILURES = 10
FORGED = {
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "elsewhere.example",
    "X-Forwarded-Prefix": "/elsewhere",
    "X-Forwarded-Port": "1",
    "Forwarded": "for=203.0.113.7;host=elsewhere.example;proto=http",
    "X-Real-IP": "203.0.113.7",
}
_numbers = itertools.count(1)


def fail_to_sign_in(guest: Guest, token: str, **headers: str) -> int:
    """As somebody else each time, so that it is the address that counts."""
    form = f"csrf_token={token}&username=nobody{next(_numbers)}&password={PASSWORD.replace(' ', '+')}".encode()
    form_headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    return guest.ask("POST", "/login", form, form_headers).status


def test_who_guesses_passwords_cannot_hide_behind_other_addresses(front: Front) -> None:
    with Guest(front, comes_from="127.0.0.3") as guest:
        token = guest.token("/login")
        for number in range(FREE_FAILURES):
            forged = {"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": f"203.0.113.{number}"}
            assert fail_to_sign_in(guest, token, **forged) == 401
        assert fail_to_sign_in(guest, token, **{"X-Forwarded-For": "203.0.113.200"}) == 429
    # Nor do others pay for it: each visitor has the address that they have.
    with Guest(front, comes_from="127.0.0.4") as other:
        assert fail_to_sign_in(other, other.token("/login"), **{"X-Forwarded-For": "127.0.0.3"}) == 401


def test_nothing_of_it_reaches_a_server(tmp_path: Path) -> None:
    with (
        ill(hangs=False) as first,
        ill(hangs=False) as second,
        nginx(tmp_path / "nginx", [first.port, second.port]) as front,
        Guest(front) as guest,
    ):
        assert guest.ask("GET", "/login", headers={**FORGED, "X-Forwarded-For": "203.0.113.7"}).status == 503
        said = first.said[0].lower()
        assert [text for text in ("203.0.113.7", "elsewhere", "forwarded-port", "\r\nforwarded:") if text in said] == []
        for header in ("x-forwarded-for: 127.0.0.1", "x-forwarded-proto: https", "connection: close"):
            assert said.count(f"\r\n{header}\r\n") == 1
        assert said.count(f": localhost:{front.port}\r\n") == 2  # Host and X-Forwarded-Host


def test_the_site_is_where_nginx_says_and_came_by_https(front: Front) -> None:
    with Guest(front) as guest:
        answer = guest.ask("GET", "/login", headers=FORGED)
        assert answer.status == 200
        assert "; Secure" in answer.headers["Set-Cookie"]
        assert "elsewhere" not in answer.text
        led = guest.ask("GET", "/messages", headers=FORGED)
        assert led.status == 302
        assert led.headers["Location"].startswith("/login")


@pytest.mark.parametrize("headers", [{"X-Forwarded-Host": "elsewhere.example"}, {}], ids=["forged", "plain"])
def test_another_site_is_not_taken_for_this_one(front: Front, headers: dict[str, str]) -> None:
    asked = {"Content-Type": "application/json", **headers}
    with Guest(front) as guest:
        body = b'{"endpoint": "https://push.example/1", "keys": {"auth": "x"}}'
        elsewhere = guest.ask(
            "POST", "/api/push-subscriptions/state", body, {**asked, "Origin": "https://elsewhere.example"}
        )
        assert elsewhere.status == 403
        own = guest.ask("POST", "/api/push-subscriptions/state", body, {**asked, "Origin": front.url})
        assert own.status not in (403, 500)
