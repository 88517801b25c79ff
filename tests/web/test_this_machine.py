"""Which hosts are this machine itself: to these alone the cookie goes without https."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webpush_app.web.cookies import is_this_machine

THIS = "localhost localhost:5000 LOCALHOST localhost. localhost.:80 app.localhost app.localhost:8080"
THIS += " 127.0.0.1 127.0.0.1:5000 127.8.9.10 [::1] [::1]:5000"
OTHER = ": example.org example.org:80 localhost.example.org 127.0.0.1.example.org notlocalhost xlocalhost:80 [ ]"
OTHER += " 192.168.1.5 10.0.0.1:5000 0.0.0.0 [::] [fe80::1] [2001:db8::1]:80 128.0.0.1 2130706433 127.1"
OTHER += " 127.0.0.1@evil.example localhost@evil.example:80 evil.example:localhost"


@pytest.mark.parametrize("host", THIS.split())
def test_names_and_addresses_of_this_machine(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize("host", ["", *OTHER.split()])
def test_everything_else_is_another_machine(host: str) -> None:
    assert not is_this_machine(host)


@settings(database=None, deadline=None)
@given(st.text(max_size=30))
def test_no_name_makes_it_fail(host: str) -> None:
    assert is_this_machine(host) in (True, False)


@settings(database=None, deadline=None)
@given(st.ip_addresses())
def test_an_address_is_this_machine_when_it_is_a_loopback(address: object) -> None:
    text = str(address)
    host = f"[{text}]" if ":" in text else text
    assert is_this_machine(host) == is_this_machine(f"{host}:5000") == address.is_loopback  # type: ignore[attr-defined]
