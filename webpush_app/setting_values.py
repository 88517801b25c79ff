"""What the value of a setting may be: each function reads a text, or raises ValueError saying what would be right."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from webpush_app.protocol import vapid_key_lists, vapid_keys
from webpush_app.protocol.vapid_keys import BadKey

# A name that ends in letters: Apple refuses IP addresses and localhost.
_WEB_ADDRESS = re.compile(r"https://([a-z0-9-]+\.)+[a-z][a-z0-9-]*[a-z0-9](:[0-9]{1,5})?([/?#]\S*)?", re.IGNORECASE)


def text(limit: int) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if not 1 <= len(value) <= limit or not value.isprintable():
            raise ValueError(f"must be one line of 1 to {limit} characters.")
        return value

    return parse


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not (value.isascii() and value.isdigit() and len(value) < 10 and lowest <= int(value) <= highest):
            raise ValueError(f"must be a whole number from {lowest} to {highest}.")
        return int(value)

    return parse


def seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 3600:
        raise ValueError("must be a number of seconds from 0.1 to 3600.")
    return seconds


def secret(value: str) -> str:
    if len(value) < 32:
        raise ValueError("must have at least 32 characters.")
    return value


def token(value: str) -> str:
    """Sent in a header, so it is one word of visible ASCII."""
    if not re.fullmatch(r"[!-~]{16,256}", value):
        raise ValueError("must have 16 to 256 letters, digits and signs, and no spaces.")
    return value


def database_url(value: str) -> str:
    if value.startswith(("postgres://", "postgresql://")):
        value = "postgresql+psycopg://" + value.split("://", 1)[1]
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")) or value in ("sqlite:///", "sqlite:///:memory:"):
        raise ValueError("must begin with sqlite:/// and name a file, or begin with postgresql://.")
    _check_port_of(value)
    return value


def engine_url(value: str) -> str:
    if not value.startswith(("redis://", "rediss://")) or "?" in value:
        raise ValueError("must begin with redis:// or rediss://, such as redis://:password@127.0.0.1:6379/0.")
    _check_port_of(value)
    number = urlsplit(value).path.removeprefix("/")
    if not urlsplit(value).hostname or (number and not (number.isascii() and number.isdigit())):
        raise ValueError("must name a host, and may end with the number of a database, as redis://127.0.0.1:6379/0.")
    return value


def private_keys(value: str) -> str:
    """One or several, newest first. A BadKey is a ValueError, and says what would be right."""
    try:
        return ",".join(key.private_text for key in vapid_key_lists.read_keys(value))
    except BadKey as problem:
        if problem.number is None:
            raise
        raise ValueError(f"holds several keys, and number {problem.number} {problem}") from None


def public_key(value: str) -> str:
    return vapid_keys.normal_public(value)


def contact(value: str) -> str:
    """What push services are told: `mailto:` or https, and nothing on this machine, which Apple refuses."""
    address = value.removeprefix("mailto:")
    if _WEB_ADDRESS.fullmatch(value):
        return value
    if re.fullmatch(r"[^\s@:<>,;]+@[^\s@:<>,;]+\.[^\W\d_]{2,}", address):
        return f"mailto:{address}"
    raise ValueError("must be an e-mail address such as ops@example.com, or an https:// address.")


def hosts(value: str) -> tuple[str, ...]:
    hosts = tuple(host.strip().lower() for host in value.split(",") if host.strip())
    if not all(
        re.fullmatch(r"(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", host) for host in hosts
    ):
        raise ValueError("must be names of hosts with commas between them, such as push.example.org,*.example.net.")
    return hosts


def yes_or_no(value: str) -> bool:
    answers = {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False, "off": False}
    if value.lower() not in answers:
        raise ValueError("must be true or false.")
    return answers[value.lower()]


def push_transport(value: str) -> str:
    if value.lower() not in ("auto", "libcurl", "requests"):
        raise ValueError("must be auto, libcurl or requests.")
    return value.lower()


def log_level(value: str) -> str:
    if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR.")
    return value.upper()


def _check_port_of(address: str) -> None:
    try:
        _ = urlsplit(address).port
    except ValueError:  # its own words would repeat the address
        raise ValueError(
            "must have a number as its port; write / # [ ] @ in a password as %2F %23 %5B %5D %40."
        ) from None
