"""Which addresses everybody on the internet may call. Python's own judgement lets some private ones pass."""

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webpush_app.protocol.endpoints import is_public

PUBLIC = ["8.8.8.8", "1.1.1.1", "142.250.74.10", "193.0.0.1", "172.15.255.255", "172.32.0.1", "2606:4700:4700::1111"]
PUBLIC_6 = ["2a00:1450:4001:82f::200a", "2600:1901:0:92a9::", "2001:4860:4860::8888", "2400:cb00::1"]
NOT_PUBLIC = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1"),
    *("169.254.169.254", "100.64.0.1", "100.127.255.254", "198.18.0.1", "198.19.255.255", "192.0.0.1", "192.0.0.9"),
    *("192.0.0.170", "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.250"),
    *("240.0.0.1", "255.255.255.255"),
]
NOT_PUBLIC_6 = [
    *("::", "::1", "fe80::1", "fe80::1%eth0", "2606:4700::1%1", "febf::1", "fec0::1", "fc00::1", "fd12:3456::1"),
    *("ff02::1", "ff0e::1", "100::1", "2001:db8::1", "3fff::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:30::1"),
    *("2620:4f:8000::1", "5f00::1", "4000::1", "64:ff9b:2::1", "fd00:ec2::254"),
]
NO_ADDRESS = [
    "",
    "x",
    "localhost",
    "127.1",
    "0x7f.1",
    "0177.0.0.1",
    "2130706433",
    "8.8.8.8 ",
    "8.8.8.8:443",
    "[::1]",
    "１.1.1.1",
]


def as_groups(address: str) -> str:
    number = int(ipaddress.IPv4Address(address))
    return f"{number >> 16:x}:{number & 0xFFFF:x}"


def turned(address: str) -> str:
    """As Teredo hides a client's address: every bit turned over."""
    return str(ipaddress.IPv4Address(int(ipaddress.IPv4Address(address)) ^ 0xFFFFFFFF))


# The forms in which an IPv6 address holds an IPv4 address that a public one may hold.
HOLDERS = {
    "mapped": "::ffff:{groups}",
    "mapped, in dots": "::ffff:{address}",
    "NAT64": "64:ff9b::{groups}",
    "6to4": "2002:{groups}::1",
}
# Those without a path over the public internet: whatever they hold.
NEVER = {
    "compatible": "::{groups}",
    "compatible, in dots": "::{address}",
    "SIIT": "::ffff:0:{groups}",
    "local NAT64": "64:ff9b:1::{groups}",
    "local NAT64 in /48": "64:ff9b:1:0808:8:0800:{groups}",
    "Teredo client": "2001:0:808:808:8000:1:{turned}",
    "Teredo server": "2001:0:{groups}:8000:1:f7f7:f7f7",
}


def held(form: str, address: str) -> str:
    return form.format(address=address, groups=as_groups(address), turned=as_groups(turned(address)))


@pytest.mark.parametrize("address", PUBLIC + PUBLIC_6)
def test_public_addresses_may_be_called(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC + NOT_PUBLIC_6)
def test_addresses_inside_may_not_be_called(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("text", NO_ADDRESS)
def test_what_is_no_address_may_not_be_called(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize("form", HOLDERS.values(), ids=HOLDERS.keys())
def test_an_address_that_holds_another_is_judged_by_that_one(form: str) -> None:
    for address in NOT_PUBLIC:
        assert not is_public(held(form, address)), address
    assert is_public(held(form, "8.8.8.8"))


@pytest.mark.parametrize("form", NEVER.values(), ids=NEVER.keys())
def test_forms_that_nobody_reaches_from_the_internet_are_never_public(form: str) -> None:
    for address in [*NOT_PUBLIC, "8.8.8.8"]:
        assert not is_public(held(form, address)), address


@settings(database=None, deadline=None)
@given(st.ip_addresses(v=4), st.sampled_from(sorted(HOLDERS.values())))
def test_no_form_makes_an_address_more_public_than_it_is(address: ipaddress.IPv4Address, form: str) -> None:
    assert is_public(held(form, str(address))) == is_public(str(address))
    assert is_public(str(address)) <= address.is_global


@settings(database=None, deadline=None)
@given(st.ip_addresses(v=6).map(str) | st.text())
def test_judging_never_fails(text: str) -> None:
    assert is_public(text) in (True, False)
