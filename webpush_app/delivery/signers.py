"""Who signs: one signer for each key of ours that browsers were subscribed with, and the contact that they all name."""

from collections.abc import Sequence

from webpush_app.protocol.signing import Signer
from webpush_app.protocol.vapid_keys import VapidKey


class Signers:
    """They keep their signatures for as long as neither the keys nor the contact change."""

    def __init__(self, keys: Sequence[VapidKey], contact: str) -> None:
        self._of = {key.public: Signer(key, contact) for key in keys}
        self.current = keys[0].public
        self.contact = contact

    def of(self, public_key: str) -> Signer | None:
        return self._of.get(public_key)

    def are_of(self, keys: Sequence[VapidKey], contact: str) -> bool:
        return self.contact == contact and list(self._of) == [key.public for key in keys]
