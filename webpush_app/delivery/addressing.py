"""From one push that is ready to what the sender is handed: its payload, its topic, and for how long it is of use."""

import base64
import hashlib

from webpush_app import clock
from webpush_app.delivery.preparing import Ready
from webpush_app.protocol.message import Message, Urgency, to_payload, with_fields
from webpush_app.protocol.sender import Push

TOPIC_BYTES = 24  # 32 characters: all that a topic may have
# Room is made for the fields of many people at once, so that a long text is not cut anew for each of them.
ROOM_STEP = 64


class Addresser:
    def __init__(self, secret_key: str) -> None:
        self._topic_key = hashlib.sha256(b"topic:" + secret_key.encode()).digest()
        self._message: Message | None = None
        self._payloads: dict[int, bytes] = {}

    def push(self, ready: Ready) -> Push:
        row = ready.row
        return Push(
            row.id,
            ready.subscription,
            self._payload_of(ready.message, ready.fields),
            int((row.expires_at - clock.now()).total_seconds()),
            ready.signer,
            Urgency.NORMAL if row.lane else Urgency.HIGH,
            self._topic(f"{row.kind}:{row.subject_id}:{row.subscription_id}"),
        )

    def _payload_of(self, message: Message, fields: bytes) -> bytes:
        """A broadcast says the same to everybody, one after the other; only the fields are a person's own."""
        if message is not self._message:
            self._message, self._payloads = message, {}
        room = -(-len(fields) // ROOM_STEP) * ROOM_STEP
        payload = self._payloads.get(room)
        if payload is None:
            payload = self._payloads[room] = to_payload(message, room=room)
        return with_fields(payload, fields)

    def _topic(self, about: str) -> str:
        """Under the same topic a repeat replaces what was not delivered yet. Keyed, so that it tells nobody what it
        is."""
        digest = hashlib.blake2b(about.encode(), key=self._topic_key, digest_size=TOPIC_BYTES).digest()
        return base64.urlsafe_b64encode(digest).decode()
