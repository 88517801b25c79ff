"""What a worker finds out about a push service by its answers, for all workers and for the operator."""

from datetime import datetime
from typing import NamedTuple

from webpush_app.protocol.answers import Outcome
from webpush_app.subscriptions.push_services import Pause

# Who says that a service is in trouble: an owner's number, an owner's address, or the browser itself.
Who = int | str


def browser(subscription_id: int) -> Who:
    return f"browser {subscription_id}"


def is_browser(who: Who) -> bool:
    return isinstance(who, str) and who.startswith("browser ")


def in_words(outcome: Outcome) -> str:
    return " ".join(str(part) for part in (outcome.status, outcome.said) if part)


class Opened(NamedTuple):
    """The service answered the one push that tried it."""

    service_id: int
    host: str


class Closed(NamedTuple):
    service_id: int
    host: str
    because: Pause
    asked_until: datetime | None
    usual_rate: float
    said: str
    has_accepted: bool
    """Ever, as far as this worker knows. Else it may not be there at all: strangers may make up names."""


class GoneWave(NamedTuple):
    """So many of its browsers are gone at once that its word should be doubted."""

    service_id: int
    host: str
    said: str


class Untried(NamedTuple):
    """What was to try the service was not sent to it, or was answered for a reason of its own."""

    service_id: int


class KeyRefused(NamedTuple):
    """Too few refuse our key for the service to be spared, and nobody takes it."""

    service_id: int
    host: str
    said: str
    has_accepted: bool


class KeyTaken(NamedTuple):
    """It takes our key, which may have been doubted."""

    service_id: int
    host: str


class HostFails(NamedTuple):
    """Too few meet its trouble for the service to be spared, and nobody is answered well."""

    service_id: int
    host: str
    said: str
    has_accepted: bool


class HostWell(NamedTuple):
    """It answers as it should, which may have been doubted."""

    service_id: int
    host: str


Change = Opened | Closed | GoneWave | Untried | KeyRefused | KeyTaken | HostFails | HostWell
