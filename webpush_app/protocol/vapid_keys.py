"""The key pair with which this site proves to push services who it is (VAPID, RFC 8292), in every form people keep it.

The server's configuration reads this module before gevent has patched anything, so it must load neither ssl, requests
nor pywebpush.
"""

from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid

from webpush_app.protocol import base64url

PRIVATE_BYTES = 32
PUBLIC_BYTES = 65
MAX_TEXT = 10_000


class BadKey(ValueError):
    """Says in plain words what would be right; never repeats the key. Of several it names the one that is wrong."""

    def __init__(self, message: str, *, number: int | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.number = number
        self.line = line


@dataclass(frozen=True)
class VapidKey:
    public: str
    """Base64url of the 65 bytes: the browser's applicationServerKey."""
    private_text: str = field(repr=False)
    """Base64url of the 32 bytes."""
    vapid: Vapid = field(repr=False, compare=False)
    made_at: datetime | None = field(default=None, compare=False)
    """Where it is known."""


def generate() -> VapidKey:
    return _of(ec.generate_private_key(ec.SECP256R1()))


def read_private(text: str) -> VapidKey:
    """Base64 or base64url of the 32 bytes, base64 of DER, or PEM, also with its line breaks written as \\n."""
    text = text.strip()
    if not text or len(text) > MAX_TEXT:
        raise BadKey("must be a private key: base64url of 32 bytes, or PEM.")
    key = _read_pem(text) if "-----" in text else _read_base64("".join(text.split()))
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise BadKey("must be a key on the curve P-256 (also called prime256v1); this is another kind of key.")
    return _of(key)


def normal_public(text: str) -> str:
    """The public key in the one form in which keys are compared."""
    try:
        point = base64url.decode(text.strip())
    except ValueError as problem:
        raise BadKey(f"must be the base64url text of a public key; this {problem}.") from None
    if len(point) != PUBLIC_BYTES or point[0] != 4:
        raise BadKey("must be the base64url text of the 65 bytes of an uncompressed public key, which begins with B.")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise BadKey("must be a public key on the curve P-256; this point is not on it.") from None
    return base64url.encode(point)


def _read_pem(text: str) -> object:
    if "PUBLIC KEY" in text:
        raise BadKey("must be the private key; this is the public one.")
    try:
        return serialization.load_pem_private_key(text.replace("\\n", "\n").encode(), password=None)
    except TypeError:
        raise BadKey("must be a private key without a password.") from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadKey("must be a private key; this PEM text cannot be read.") from None


def _read_base64(text: str) -> object:
    try:
        data = base64url.decode(text)
    except ValueError as problem:
        raise BadKey(f"must be base64url of 32 bytes, or PEM; this {problem}.") from None
    if len(data) == PUBLIC_BYTES:
        raise BadKey("must be the private key; this has the length of a public one.")
    try:
        if len(data) == PRIVATE_BYTES:
            return ec.derive_private_key(int.from_bytes(data, "big"), ec.SECP256R1())
        return serialization.load_der_private_key(data, password=None)
    except TypeError:
        raise BadKey("must be a private key without a password.") from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadKey(f"must be base64url of 32 bytes, or PEM; this is {len(data)} bytes that are no key.") from None


def _of(key: ec.EllipticCurvePrivateKey) -> VapidKey:
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    number = key.private_numbers().private_value
    return VapidKey(base64url.encode(point), base64url.encode(number.to_bytes(PRIVATE_BYTES, "big")), Vapid(key))
