"""One push to one browser, as a sender is given it, and the request that it becomes."""

import re
from dataclasses import dataclass, field

from webpush_app.protocol.message import Urgency
from webpush_app.protocol.signing import Signer
from webpush_app.protocol.subscription import Subscription

LONGEST_TTL_SECONDS = 28 * 24 * 3600

_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)


@dataclass(slots=True)
class Push:
    """Never changed; not frozen all the same, because that makes it slow to make."""

    key: int
    """The caller's: the outcome comes with it."""
    subscription: Subscription
    payload: bytes = field(repr=False)
    ttl_seconds: int
    signer: Signer = field(repr=False)
    urgency: Urgency = Urgency.NORMAL
    topic: str | None = None

    def __post_init__(self) -> None:
        # Apple decodes the topic, and no base64 has such a length.
        if self.topic is not None and (not _TOPIC.fullmatch(self.topic) or len(self.topic) % 4 == 1):
            raise ValueError("A topic is base64url of at most 32 characters, and not of 1 more than a multiple of 4.")

    def headers(self, authorization: str) -> dict[str, str]:
        headers = {
            "TTL": str(min(max(self.ttl_seconds, 1), LONGEST_TTL_SECONDS)),
            "Urgency": self.urgency.value,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Authorization": authorization,
        }
        if self.topic is not None:
            headers["Topic"] = self.topic
        return headers
