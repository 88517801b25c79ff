"""From one push that is ready to what the sender is handed: its payload, its topic, and for how long it is of use."""

import base64
import hashlib

from webpush_app import clock
from webpush_app.delivery.preparing import Ready
from webpush_app.protocol.message import Message, Urgency, to_payload
from webpush_app.protocol.sender import Push

TOPIC_BYTES = 24  # 32 characters: all that a topic may have


class Addresser:
    def __init__(self, secret_key: str) -> None:
        self._topic_key = hashlib.sha256(b"topic:" + secret_key.encode()).digest()
        self._message: Message | None = None
        self._payload = b""

    def push(self, ready: Ready) -> Push:
        row = ready.row
        return Push(
            row.id,
            ready.subscription,
            self._payload_of(ready.message),
            int((row.expires_at - clock.now()).total_seconds()),
            ready.signer,
            Urgency.NORMAL if row.lane else Urgency.HIGH,
            self._topic(f"{row.kind}:{row.subject_id}:{row.subscription_id}"),
        )

    def _payload_of(self, message: Message) -> bytes:
        """A broadcast says the same to everybody, one after the other."""
        if message is not self._message:
            self._message, self._payload = message, to_payload(message)
        return self._payload

    def _topic(self, about: str) -> str:
        """Under the same topic a repeat replaces what was not delivered yet. Keyed, so that it tells nobody what it
        is."""
        digest = hashlib.blake2b(about.encode(), key=self._topic_key, digest_size=TOPIC_BYTES).digest()
        return base64.urlsafe_b64encode(digest).decode()
