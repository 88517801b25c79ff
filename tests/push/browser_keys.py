"""The browser's side of a subscription's keys: it makes them, hands out the public half, and decrypts what is pushed.
As strict as the browsers are: a push of more than one record is dropped by them without a word."""

import base64
import secrets
import struct
from dataclasses import dataclass, field
from typing import Self

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HEADER_BYTES = 16 + 4 + 1
POINT_BYTES = 65
TAG_BYTES = 16


class Undecryptable(ValueError):
    """The body was not encrypted for these keys, or not as RFC 8291 has it."""


@dataclass(frozen=True)
class BrowserKeys:
    private: ec.EllipticCurvePrivateKey = field(repr=False)
    auth: bytes = field(repr=False)

    @classmethod
    def make(cls) -> Self:
        return cls(ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16))

    @property
    def p256dh(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def to_json(self, endpoint: str) -> dict[str, object]:
        """As PushSubscription.toJSON() gives it."""
        return {
            "endpoint": endpoint,
            "expirationTime": None,
            "keys": {"p256dh": as_base64url(self.p256dh), "auth": as_base64url(self.auth)},
        }

    def decrypt(self, body: bytes) -> bytes:
        _check_shape(body)
        try:
            plain: bytes = http_ece.decrypt(body, private_key=self.private, auth_secret=self.auth, version="aes128gcm")
        except (http_ece.ECEException, ValueError) as problem:
            raise Undecryptable(str(problem)) from problem
        return plain


def as_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _check_shape(body: bytes) -> None:
    """What http_ece lets pass: RFC 8291 wants one record, and the sender's public key before it."""
    if len(body) <= HEADER_BYTES + POINT_BYTES + TAG_BYTES:
        raise Undecryptable("the body is too short to be a push")
    record_bytes, key_bytes = struct.unpack("!LB", body[16:HEADER_BYTES])
    if key_bytes != POINT_BYTES:
        raise Undecryptable("the body does not begin with an uncompressed public key")
    if len(body) - HEADER_BYTES - POINT_BYTES > record_bytes:
        raise Undecryptable("the body has more than one record")
