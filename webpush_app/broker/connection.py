"""How Redis is opened. Nobody waits for it for long, and a connection that broke is tried once more at once."""

from urllib.parse import urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE_SECONDS = 2.0
PREFIX = "webpush:"


def connect(url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> "Redis":
    """Opens nothing yet."""
    return Redis.from_url(
        url,
        socket_connect_timeout=patience_seconds,
        socket_timeout=patience_seconds,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=15,
        decode_responses=True,
        client_name="webpush",
    )


def channel(url: str) -> str:
    """Of the database that the address names: Redis itself tells a line to listeners of all of them."""
    number = urlsplit(url).path.removeprefix("/")
    return f"{PREFIX}live:{int(number or 0)}"
