"""Whose guesses are counted together: those from one address, and not the owner's with a stranger's."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.accounts.conftest import Hands
from tests.accounts.steps import NEW_PASSWORD, fail, failures, sessions_of, sign_in
from tests.people import PASSWORD, People, csrf_token, submit
from webpush_app.accounts.throttle import address_key

ATTACKER, OTHER = "198.51.100.7", "203.0.113.5"

pytestmark = pytest.mark.usefixtures("hands")


def _status(client: FlaskClient, username: str, address: str, password: str = PASSWORD) -> int:
    return sign_in(client, username, password, environ_overrides={"REMOTE_ADDR": address}).status_code


def test_one_address_that_guesses_at_many_names_has_to_wait(app: Flask, people: People, stranger: FlaskClient) -> None:
    people("susan")
    for number in range(10):
        fail(app, f"person{number}", 1, address=ATTACKER)
    assert _status(stranger, "susan", ATTACKER) == 429
    assert _status(stranger, "susan", OTHER) == 302


def test_success_with_one_name_does_not_free_an_address_to_guess_at_others(
    app: Flask, people: People, stranger: FlaskClient
) -> None:
    people("mallory")
    fail(app, "susan", 9, address=ATTACKER)
    assert _status(stranger, "mallory", ATTACKER) == 302
    assert _status(app.test_client(), "susan", ATTACKER, "a wrong guess") == 401
    assert _status(app.test_client(), "mallory", ATTACKER) == 429


def test_many_addresses_that_guess_at_one_name_have_to_wait(app: Flask, stranger: FlaskClient) -> None:
    for number in range(10):
        fail(app, "susan", 1, address=f"198.51.100.{number}")
    assert _status(stranger, "susan", "198.51.100.99") == 429
    assert _status(stranger, "john", "198.51.100.99", "a wrong guess") == 401


def test_an_owner_at_a_known_address_is_not_kept_out_from_elsewhere(app: Flask, people: People) -> None:
    people("susan")
    assert _status(app.test_client(), "susan", OTHER) == 302
    fail(app, "susan", 40, address=ATTACKER)
    assert _status(app.test_client(), "susan", ATTACKER) == 429
    assert _status(app.test_client(), "susan", "203.0.113.99") == 429
    assert _status(app.test_client(), "susan", OTHER) == 302


def test_an_address_stays_known_after_signing_out_there(app: Flask, people: People) -> None:
    people("susan")
    client = app.test_client()
    assert _status(client, "susan", OTHER) == 302
    submit(client, "/logout", form_at="/people")
    assert sessions_of(app, "susan") == []
    fail(app, "susan", 40, address=ATTACKER)
    assert _status(app.test_client(), "susan", OTHER) == 302


def test_nor_is_the_owner_kept_from_changing_the_password(app: Flask, people: People) -> None:
    people("susan")
    client = app.test_client()
    assert _status(client, "susan", OTHER) == 302
    fail(app, "susan", 40, address=ATTACKER)
    fields = {"old_password": PASSWORD, "password": NEW_PASSWORD, "password2": NEW_PASSWORD}
    fields["csrf_token"] = csrf_token(client.get("/change_password"))
    answer = client.post("/change_password", data=fields, environ_overrides={"REMOTE_ADDR": OTHER})
    assert answer.status_code == 302


def test_a_known_address_cannot_guess_for_ever(app: Flask, people: People) -> None:
    people("susan")
    assert _status(app.test_client(), "susan", OTHER) == 302
    fail(app, "susan", 10, address=OTHER)
    assert _status(app.test_client(), "susan", OTHER) == 429


def test_a_known_address_of_one_person_is_not_known_for_another(app: Flask, people: People) -> None:
    people("susan")
    people("mallory")
    assert _status(app.test_client(), "mallory", ATTACKER) == 302
    fail(app, "susan", 10, address=OTHER)
    assert _status(app.test_client(), "susan", ATTACKER) == 429


def test_a_whole_ipv6_network_counts_as_one_address(app: Flask, people: People, stranger: FlaskClient) -> None:
    people("susan")
    for number in range(10):
        fail(app, f"person{number}", 1, address=f"2001:db8:0:1::{number + 1}")
    assert _status(stranger, "susan", "2001:db8:0:1:ffff:ffff:ffff:ffff") == 429
    assert _status(stranger, "susan", "2001:db8:0:2::1") == 302


def test_a_failure_is_noted_under_the_network(app: Flask, stranger: FlaskClient, hands: Hands) -> None:
    _status(stranger, "susan", "2001:db8::1", "a wrong guess")
    assert failures(app) == [("susan", "2001:db8::/64")]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("203.0.113.5", "203.0.113.5"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("2001:DB8::1", "2001:db8::/64"),
        ("2001:0db8:0000:0000:ffff::1", "2001:db8::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        (None, ""),
        ("unix:", "unix:"),
    ],
)
def test_an_address_has_one_key(address: str | None, key: str) -> None:
    assert address_key(address) == key


@settings(database=None, deadline=None)
@given(st.ip_addresses(v=6))
def test_the_key_of_an_ipv6_address_fits_its_column(address: object) -> None:
    key = address_key(str(address))
    assert key == address_key(str(address).upper())
    assert len(key) <= 64
