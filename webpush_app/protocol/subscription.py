"""A browser that agreed to be pushed to, read from what it posted. Whatever was posted, either every part of it can be
used afterwards, or it is refused with the field and the reason."""

from collections.abc import Collection
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

from webpush_app.protocol import base64url
from webpush_app.protocol.encryption import POINT_BYTES, CannotEncrypt, encrypt
from webpush_app.protocol.endpoints import EndpointRefused, check_endpoint

AUTH_BYTES = 16


class SubscriptionRefused(ValueError):
    """Names the field (endpoint, keys.p256dh, keys.auth or subscription), and says what would be right."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Subscription:
    """Nothing of it is shown in logs: who has the endpoint may send to it."""

    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)


def read_subscription(data: object, more_hosts: Collection[str] = ()) -> Subscription:
    """From the parsed JSON of a browser's PushSubscription."""
    if not isinstance(data, dict):
        raise SubscriptionRefused("subscription", "must be the JSON object that the browser's PushSubscription gives")
    endpoint = _read_endpoint(data.get("endpoint"), more_hosts)
    keys = data.get("keys")
    if not isinstance(keys, dict):
        raise SubscriptionRefused("subscription", "must have an object named keys, with p256dh and auth in it")
    subscription = Subscription(endpoint, _read_point(keys.get("p256dh")), _read_auth(keys.get("auth")))
    try:
        encrypt(subscription, b"{}")
    except CannotEncrypt:
        raise SubscriptionRefused("subscription", "must have keys that a message can be encrypted for") from None
    return subscription


def _read_endpoint(given: object, more_hosts: Collection[str]) -> str:
    if not isinstance(given, str) or not given:
        raise SubscriptionRefused("endpoint", "must be the https address that the browser's push service gave it")
    try:
        return check_endpoint(given, more_hosts).url
    except EndpointRefused as refused:
        raise SubscriptionRefused("endpoint", str(refused)) from None


def _read_point(given: object) -> str:
    point = _read_bytes("keys.p256dh", given, POINT_BYTES)
    if point[0] != 4:
        raise SubscriptionRefused("keys.p256dh", "must be an uncompressed point, whose first byte is 4")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise SubscriptionRefused("keys.p256dh", "must be a point on the curve P-256") from None
    return base64url.encode(point)


def _read_auth(given: object) -> str:
    return base64url.encode(_read_bytes("keys.auth", given, AUTH_BYTES))


def _read_bytes(field: str, given: object, length: int) -> bytes:
    reason = f"must be the base64url text of {length} bytes"
    if not isinstance(given, str):
        raise SubscriptionRefused(field, reason)
    try:
        data = base64url.decode(given)
    except ValueError as problem:
        raise SubscriptionRefused(field, f"{reason}; this {problem}") from None
    if len(data) != length:
        raise SubscriptionRefused(field, f"{reason}; these are {len(data)}")
    return data
