"""The one clock. Everything that asks for the time asks here, so that a test can set it."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def now() -> datetime:
    return datetime.now(UTC)


def to_microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970: exact, where seconds as a float are not."""
    return (moment - EPOCH) // MICROSECOND
