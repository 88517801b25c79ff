"""Encryption for one browser: the examples of the specifications, byte for byte, and one error for everything wrong."""

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import http_ece
import pytest
import pywebpush
from cryptography.hazmat.primitives.asymmetric import ec
from http_ece import ECEException

from tests.push.browser_keys import BrowserKeys, Undecryptable, as_base64url
from tests.push.service import MOZILLA
from webpush_app.protocol.encryption import CannotEncrypt, EncryptionBroken, encrypt
from webpush_app.protocol.message import MAX_ENCRYPTABLE_BYTES, PayloadTooLarge
from webpush_app.protocol.subscription import Subscription, read_subscription
from webpush_app.protocol.vapid_keys import read_private


def data(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# RFC 8291, appendix A.
WATERMELON = b"When I grow up, I want to be a watermelon"
SENDER_PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
BROWSER_PRIVATE = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
BROWSER_PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SALT = data("DGv6ra1nlYgDCS1FRnbzlw")
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
ENCRYPTED = data(
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
    "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
RFC_BROWSER = BrowserKeys(read_private(BROWSER_PRIVATE).vapid.private_key, data(AUTH))
RFC_SUBSCRIPTION = Subscription("https://push.example.net/x", BROWSER_PUBLIC, AUTH)


def subscription_of(keys: BrowserKeys) -> Subscription:
    return Subscription("https://push.example.net/x", as_base64url(keys.p256dh), as_base64url(keys.auth))


@pytest.mark.parametrize(
    ("encrypted", "key"),
    [
        # RFC 8188, sections 3.1 and 3.2.
        ("I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg", "yqdlZ-tYemfogSmv7Ws5PQ"),
        (
            "uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF1Fvkj6hQPdPHI51OEUKEpgz3SsLWIqS_uA",
            "BO3ZVPxUlnLORbVGMpbT1Q",
        ),
    ],
)
def test_the_examples_of_rfc_8188_are_decrypted_by_the_library_that_encrypts(encrypted: str, key: str) -> None:
    assert http_ece.decrypt(data(encrypted), key=data(key)) == b"I am the walrus"


def test_the_example_of_rfc_8291_is_decrypted() -> None:
    assert RFC_BROWSER.decrypt(ENCRYPTED) == WATERMELON
    with pytest.raises(Undecryptable):
        RFC_BROWSER.decrypt(ENCRYPTED[:-1] + bytes([ENCRYPTED[-1] ^ 1]))


@dataclass
class Pinned:
    """The key that the example's sender made, in the place of a new one."""

    private: ec.EllipticCurvePrivateKey

    def generate_private_key(self, *_: Any) -> ec.EllipticCurvePrivateKey:
        return self.private

    SECP256R1 = ec.SECP256R1


def test_the_example_of_rfc_8291_is_encrypted_to_the_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pywebpush, "ec", Pinned(read_private(SENDER_PRIVATE).vapid.private_key))
    monkeypatch.setattr(http_ece.os, "urandom", lambda length: SALT[:length])
    assert encrypt(RFC_SUBSCRIPTION, WATERMELON) == ENCRYPTED


def test_the_browser_reads_what_was_encrypted_for_it_and_nobody_else_does() -> None:
    susan, john = BrowserKeys.make(), BrowserKeys.make()
    encrypted = encrypt(subscription_of(susan), "Dinner? 저녁 🍲".encode())
    assert susan.decrypt(encrypted).decode() == "Dinner? 저녁 🍲"
    with pytest.raises(Undecryptable):
        john.decrypt(encrypted)


def test_the_same_text_never_looks_the_same() -> None:
    assert encrypt(RFC_SUBSCRIPTION, b"hello") != encrypt(RFC_SUBSCRIPTION, b"hello")


@pytest.mark.parametrize("length", [1, 2499, MAX_ENCRYPTABLE_BYTES])
def test_what_fits_takes_103_bytes_more_and_no_push_over_4096(length: int) -> None:
    keys = BrowserKeys.make()
    encrypted = encrypt(subscription_of(keys), b"x" * length)
    assert len(encrypted) == length + 103 <= 4096
    assert keys.decrypt(encrypted) == b"x" * length


def test_what_does_not_fit_is_not_encrypted() -> None:
    with pytest.raises(PayloadTooLarge):
        encrypt(RFC_SUBSCRIPTION, b"x" * (MAX_ENCRYPTABLE_BYTES + 1))


COMPRESSED = as_base64url(b"\3" + data(BROWSER_PUBLIC)[1:33])
OFF_CURVE = as_base64url(b"\4" + b"\1" * 64)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        (OFF_CURVE, AUTH),
        (as_base64url(bytes(65)), AUTH),
        ("", AUTH),
        ("A", AUTH),
        ("é", AUTH),
        (BROWSER_PUBLIC, ""),
        (BROWSER_PUBLIC[:-4], AUTH),
        (COMPRESSED, AUTH),  # the library takes it, and no browser could read what came of it
        ("\ud800", AUTH),
    ],
)
def test_keys_that_cannot_be_used_are_one_kind_of_error(p256dh: str, auth: str) -> None:
    with pytest.raises(CannotEncrypt):
        encrypt(Subscription("https://push.example.net/x", p256dh, auth), b"hello")


def test_nothing_cannot_be_encrypted_and_that_is_no_browsers_fault() -> None:
    with pytest.raises(EncryptionBroken, match=r"^NoData in pywebpush, line \d+$"):
        encrypt(RFC_SUBSCRIPTION, b"")


BROKEN = [ValueError("the keys"), IndexError(), ECEException("no"), TypeError(), AttributeError("version")]


@pytest.mark.parametrize("problem", BROKEN, ids=repr)
def test_what_fails_for_everybody_is_no_browsers_fault(monkeypatch: pytest.MonkeyPatch, problem: Exception) -> None:
    """As after an update of a library. It is told with its place, and without words that may hold a key."""

    def fail(*_given: object, **_named: object) -> bytes:
        raise problem

    monkeypatch.setattr(http_ece, "encrypt", fail)
    with pytest.raises(EncryptionBroken, match=rf"^{type(problem).__name__} in tests, line \d+$"):
        encrypt(RFC_SUBSCRIPTION, b"hello")
    with pytest.raises(EncryptionBroken):
        read_subscription(BrowserKeys.make().to_json(f"https://{MOZILLA}/wpush/v2/x"))


def test_what_is_no_failure_of_keys_blames_neither_them_nor_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = http_ece.encrypt

    def fail_for_one(*given: Any, **named: Any) -> bytes:
        if named["dh"] == data(BROWSER_PUBLIC):
            raise LookupError("of this one alone")
        return bytes(whole(*given, **named))

    monkeypatch.setattr(http_ece, "encrypt", fail_for_one)
    with pytest.raises(LookupError, match="of this one alone"):
        encrypt(RFC_SUBSCRIPTION, b"hello")


def test_two_threads_at_once_encrypt_each_for_its_own_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    browsers = BrowserKeys.make(), BrowserKeys.make()
    both_are_there, whole = threading.Barrier(2), pywebpush.WebPusher.encode

    def encode_together(*given: Any) -> Any:
        both_are_there.wait(timeout=10)
        return whole(*given)

    monkeypatch.setattr(pywebpush.WebPusher, "encode", encode_together)
    with ThreadPoolExecutor(2) as threads:
        encrypted = threads.map(lambda keys: encrypt(subscription_of(keys), b"hello"), browsers)
        assert [keys.decrypt(body) for keys, body in zip(browsers, encrypted, strict=True)] == [b"hello"] * 2


def test_the_error_does_not_repeat_the_keys() -> None:
    with pytest.raises(CannotEncrypt) as problem:
        encrypt(Subscription("https://push.example.net/x", OFF_CURVE, AUTH), b"hello")
    assert OFF_CURVE not in f"{problem.value!r}"
