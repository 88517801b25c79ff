"""Encrypts for one browser (RFC 8291). The work is pywebpush's; here its many kinds of failure become one."""

from typing import Protocol

from http_ece import ECEException
from pywebpush import NoData, WebPusher, WebPushException

from webpush_app.protocol.message import check_size


class CannotEncrypt(ValueError):
    """The browser's keys cannot be used, or there is nothing to encrypt."""


class BrowserKeys(Protocol):
    """What a `Subscription` has and encryption needs."""

    @property
    def p256dh(self) -> str: ...
    @property
    def auth(self) -> str: ...


def encrypt(subscription: BrowserKeys, payload: bytes) -> bytes:
    """Raises PayloadTooLarge too: pywebpush would encrypt more than a push service takes without a word."""
    check_size(payload)
    try:
        # It asks for an endpoint and does not use it to encrypt.
        pusher = WebPusher({"endpoint": "", "keys": {"p256dh": subscription.p256dh, "auth": subscription.auth}})
        return bytes(pusher.encode(payload)["body"])
    except (WebPushException, NoData, ECEException, ValueError, IndexError) as problem:
        raise CannotEncrypt(type(problem).__name__) from None
