"""Encrypts for one browser (RFC 8291). The work is pywebpush's; here its many kinds of failure become two: the keys of
this browser are to blame, or nobody's are."""

import os
from base64 import urlsafe_b64decode
from functools import cache
from threading import local
from traceback import walk_tb
from typing import NamedTuple, Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_ece import ECEException
from pywebpush import NoData, WebPusher, WebPushException

from webpush_app.protocol import base64url
from webpush_app.protocol.message import check_size

POINT_BYTES = 65
_OF_BAD_KEYS = (WebPushException, NoData, ECEException, ValueError, IndexError)


class CannotEncrypt(ValueError):
    """The browser's keys cannot be used: the same text can be encrypted for another one."""


class EncryptionBroken(RuntimeError):
    """The text can be encrypted for nobody: a library is broken, or there is no text. Says what failed, and where."""


class BrowserKeys(Protocol):
    """What a `Subscription` has and encryption needs."""

    @property
    def p256dh(self) -> str: ...
    @property
    def auth(self) -> str: ...


class _Keys(NamedTuple):
    p256dh: str
    auth: str


class _Pushers(local):
    """One for each thread, because its keys are set anew for each push; it keeps nothing else. To make one each time
    takes a hundredth of an encryption, and to hand it the keys then, so that it copies them, a fifteenth."""

    def __init__(self) -> None:
        self.of_this_thread = WebPusher({"endpoint": ""})


_pushers = _Pushers()


def encrypt(subscription: BrowserKeys, payload: bytes) -> bytes:
    """Raises PayloadTooLarge too: pywebpush would encrypt more than a push service takes without a word."""
    check_size(payload)
    try:
        return _encrypted(subscription, payload)
    except Exception as problem:
        _check_that_it_works(payload)
        if isinstance(problem, _OF_BAD_KEYS):
            raise CannotEncrypt(type(problem).__name__) from None
        raise


def _encrypted(keys: BrowserKeys, payload: bytes) -> bytes:
    pusher = _pushers.of_this_thread
    pusher.receiver_key = _read_point(keys.p256dh)
    pusher.auth_key = urlsafe_b64decode(keys.auth + "==")
    return bytes(pusher.encode(payload)["body"])


def _read_point(text: str) -> bytes:
    """http_ece would take a compressed one, which no browser has."""
    point = urlsafe_b64decode(text + "==")
    if len(point) != POINT_BYTES:
        raise ValueError
    return point


def _check_that_it_works(payload: bytes) -> None:
    """Asked before a browser's keys are blamed: registration has proved that they can be used."""
    try:
        _encrypted(_good_keys(), payload)
    except Exception as problem:  # noqa: BLE001 - a library of another version may raise anything
        raise EncryptionBroken(_in_words(problem)) from None


@cache
def _good_keys() -> BrowserKeys:
    """Of a browser that does not exist; nobody needs its private key."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    return _Keys(
        base64url.encode(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)),
        base64url.encode(os.urandom(16)),
    )


def _in_words(problem: Exception) -> str:
    """Not its own words, which may hold a key."""
    *_ours, (frame, number) = walk_tb(problem.__traceback__)
    library = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return f"{type(problem).__name__} in {library}, line {number}"
