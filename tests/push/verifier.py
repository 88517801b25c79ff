"""What a strict push service checks before it takes a push: the sender's signature (RFC 8292), the headers (RFC 8030).
Written from the specifications with nothing of ours or py_vapid's in it, so that it can disagree with them."""

import base64
import binascii
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

MAX_TOKEN_SECONDS = 24 * 3600
MAX_TTL_SECONDS = 28 * 24 * 3600
MAX_BODY_BYTES = 4096
URGENCIES = ("very-low", "low", "normal", "high")

BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
WHOLE_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# A name of the public internet: dots in it, and no number at the end, as an IP address has.
PUBLIC_NAME = re.compile(rf"(?:{LABEL}\.)+(?![0-9]+\Z){LABEL}", re.ASCII)
MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}", re.ASCII)
NAMES_OF_NOBODY = ("localhost", "localdomain", "local", "internal", "invalid")


class Refused(Exception):
    """The push is not taken: the status to answer, and why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class Claims:
    audience: str
    expires_at: float
    """Seconds since 1970."""
    subject: str
    application_server_key: str


def verify_vapid(
    authorization: str, endpoint: str, application_server_key: str | None, now_seconds: float | None = None
) -> Claims:
    """The key is the one that the subscription was made with; None for a subscription that takes anybody's pushes."""
    token, key = _read_authorization(authorization)
    if application_server_key is not None and key != application_server_key:
        raise Refused(403, "k is not the key that the subscription was made with")
    claims = _read_token(token, key)
    moment = time.time() if now_seconds is None else now_seconds
    return Claims(_checked_audience(claims, endpoint), _checked_expiry(claims, moment), _checked_subject(claims), key)


def verify_headers(headers: Mapping[str, str]) -> None:
    given = {name.lower(): value for name, value in headers.items()}
    _check_ttl(given.get("ttl"))
    if given.get("content-encoding") != "aes128gcm":
        raise Refused(400, "Content-Encoding is not aes128gcm")
    if given.get("content-type") != "application/octet-stream":
        raise Refused(400, "Content-Type is not application/octet-stream")
    if "urgency" in given and given["urgency"] not in URGENCIES:
        raise Refused(400, "Urgency is none of the four")
    if "topic" in given:
        _check_topic(given["topic"])


def verify_body(body: bytes) -> None:
    if len(body) > MAX_BODY_BYTES:
        raise Refused(413, f"the body is longer than {MAX_BODY_BYTES} bytes")
    if not body:
        raise Refused(400, "the body is empty")


def origin_of(endpoint: str) -> str:
    """As a browser writes it: the port is left out, a push service is on 443."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.hostname}" + ("" if parts.port in (None, 443) else f":{parts.port}")


def _read_authorization(authorization: str) -> tuple[str, str]:
    scheme, _, rest = authorization.partition(" ")
    if scheme != "vapid":
        raise Refused(401, "there is no Authorization of the scheme vapid")
    found: dict[str, str] = {}
    for parameter in rest.split(","):
        name, has_value, value = parameter.strip(" \t").partition("=")
        if not has_value or name in found:
            raise Refused(403, "the parameters of the Authorization cannot be read")
        found[name] = value
    if found.keys() != {"t", "k"}:
        raise Refused(403, "the Authorization does not consist of t and k")
    return found["t"], found["k"]


def _read_token(token: str, key: str) -> dict[str, object]:
    """The claims, whose signature is good."""
    parts = token.split(".")
    if len(parts) != 3:
        raise Refused(403, "t has not three parts")
    header = _read_json(parts[0], "the header of t")
    if header.get("alg") != "ES256":
        raise Refused(403, "alg is not ES256")
    if header.get("typ", "JWT") != "JWT":
        raise Refused(403, "typ is not JWT")
    _check_signature(f"{parts[0]}.{parts[1]}".encode(), _bytes_of(parts[2], "the signature"), _public_key(key))
    return _read_json(parts[1], "the claims of t")


def _public_key(key: str) -> ec.EllipticCurvePublicKey:
    point = _bytes_of(key, "k")
    if len(point) != 65 or point[0] != 4:
        raise Refused(403, "k is not an uncompressed point")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise Refused(403, "k is not on the curve") from None


def _check_signature(signed: bytes, signature: bytes, key: ec.EllipticCurvePublicKey) -> None:
    if len(signature) != 64:
        raise Refused(403, "the signature has not 64 bytes")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise Refused(403, "the signature is not good") from None


def _checked_audience(claims: dict[str, object], endpoint: str) -> str:
    audience = claims.get("aud")
    if not isinstance(audience, str) or audience != origin_of(endpoint):
        raise Refused(403, "aud is not the endpoint's origin")
    return audience


def _checked_expiry(claims: dict[str, object], now_seconds: float) -> float:
    expiry = claims.get("exp")
    if isinstance(expiry, bool) or not isinstance(expiry, int | float):
        raise Refused(403, "exp is not a number")
    if not expiry > now_seconds:
        raise Refused(403, "exp is in the past")
    if expiry > now_seconds + MAX_TOKEN_SECONDS:
        raise Refused(403, "exp is more than 24 hours away")
    return float(expiry)


def _checked_subject(claims: dict[str, object]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str):
        raise Refused(403, "sub is missing")
    scheme, _, rest = subject.partition(":")
    is_address = scheme == "mailto" and _is_mail_address(rest)
    if not is_address and not (scheme == "https" and _is_https_address(subject)):
        raise Refused(403, "sub is neither a mailto: nor an https address that reaches somebody")
    return subject


def _is_mail_address(text: str) -> bool:
    mailbox, _, host = text.rpartition("@")
    return MAILBOX.fullmatch(mailbox) is not None and _is_public_name(host)


def _is_https_address(text: str) -> bool:
    if not text.startswith("https://") or not text.isascii() or any(character <= " " for character in text):
        return False
    try:
        return _is_public_name(urlsplit(text).hostname or "")
    except ValueError:
        return False


def _is_public_name(host: str) -> bool:
    return PUBLIC_NAME.fullmatch(host) is not None and host.lower().rpartition(".")[2] not in NAMES_OF_NOBODY


def _check_ttl(ttl: str | None) -> None:
    if ttl is None:
        raise Refused(400, "TTL is missing")
    if not WHOLE_NUMBER.fullmatch(ttl):
        raise Refused(400, "TTL is not a whole number")
    if not 0 < int(ttl) <= MAX_TTL_SECONDS:
        raise Refused(400, "TTL is not between 1 second and 28 days")


def _check_topic(topic: str) -> None:
    if not TOPIC.fullmatch(topic) or len(topic) % 4 == 1:
        raise Refused(400, "Topic is not base64url of at most 32 characters")


def _read_json(part: str, what: str) -> dict[str, object]:
    try:
        read = json.loads(_bytes_of(part, what))
    except ValueError:
        raise Refused(403, f"{what} is not JSON") from None
    if not isinstance(read, dict):
        raise Refused(403, f"{what} is not an object")
    return read


def _bytes_of(text: str, what: str) -> bytes:
    """Base64url without padding: JWT and RFC 8292 know no other."""
    try:
        if BASE64URL.fullmatch(text):
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        pass
    raise Refused(403, f"{what} is not base64url")
