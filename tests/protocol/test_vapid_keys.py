"""This site's key pair, in every form in which people keep it, and one plain reason for everything else."""

import base64
import contextlib
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.push.browser_keys import as_base64url
from webpush_app.protocol import vapid_keys
from webpush_app.protocol.vapid_keys import BadKey, VapidKey, generate, normal_public, read_private

# The order of P-256's group: private keys are below it.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# RFC 8291, appendix A.
PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
PUBLIC = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"

KEY = generate()
OBJECT: Any = KEY.vapid.private_key


def pem(form: PrivateFormat, key: Any = OBJECT) -> str:
    return str(key.private_bytes(Encoding.PEM, form, NoEncryption()).decode())


def der(form: PrivateFormat) -> bytes:
    return bytes(OBJECT.private_bytes(Encoding.DER, form, NoEncryption()))


def refusal(text: str) -> str:
    with pytest.raises(BadKey) as refused:
        read_private(text)
    assert str(refused.value).startswith("must ")
    assert len(text) < 8 or text not in str(refused.value)
    return str(refused.value)


def test_a_new_key_is_whole_and_unlike_any_other() -> None:
    first, second = generate(), generate()
    assert first.public != second.public
    assert (len(first.public), len(first.private_text), first.public[0]) == (87, 43, "B")
    assert read_private(first.private_text) == first


def test_the_public_key_belongs_to_the_private_one() -> None:
    assert read_private(PRIVATE).public == PUBLIC


@pytest.mark.parametrize(
    "text",
    [
        KEY.private_text,
        f"  {KEY.private_text}\n",
        f"{KEY.private_text}=",
        base64.b64encode(OBJECT.private_numbers().private_value.to_bytes(32, "big")).decode(),
        as_base64url(der(PrivateFormat.PKCS8)),
        base64.b64encode(der(PrivateFormat.PKCS8)).decode(),
        base64.encodebytes(der(PrivateFormat.PKCS8)).decode(),
        base64.b64encode(der(PrivateFormat.TraditionalOpenSSL)).decode(),
        pem(PrivateFormat.PKCS8),
        pem(PrivateFormat.TraditionalOpenSSL),
        pem(PrivateFormat.PKCS8).replace("\n", "\\n"),
        pem(PrivateFormat.PKCS8).replace("\n", "\r\n"),
        f"\n{pem(PrivateFormat.PKCS8)}\n",
    ],
    ids=range(13),
)
def test_a_private_key_is_read_in_every_form(text: str) -> None:
    assert read_private(text) == KEY


def test_what_openssl_and_py_vapid_write_is_read(tmp_path: Path) -> None:
    KEY.vapid.save_key(str(tmp_path / "private_key.pem"))
    assert read_private((tmp_path / "private_key.pem").read_text()) == KEY
    made = subprocess.run(
        ["openssl", "ecparam", "-name", "prime256v1", "-genkey"], capture_output=True, text=True, check=True
    )
    assert len(read_private(made.stdout).public) == 87


def test_a_small_number_keeps_its_32_bytes() -> None:
    key = read_private(as_base64url((5).to_bytes(32, "big")))
    assert key.private_text == as_base64url((5).to_bytes(32, "big"))


LOCKED = OBJECT.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password"))
LOCKED_DER = OBJECT.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"password"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must be a private key"),
        (" \n", "must be a private key"),
        ("A" * 10_001, "must be a private key"),
        ("a key", "must be base64url of 32 bytes, or PEM"),
        ("not base64!", "is not base64url text"),
        ("é" * 43, "is not base64url text"),
        ("\ud800", "is not base64url text"),
        (as_base64url(bytes(31)), "31 bytes that are no key"),
        (as_base64url(bytes(33)), "33 bytes that are no key"),
        (as_base64url(bytes(32)), "32 bytes that are no key"),
        (as_base64url(ORDER.to_bytes(32, "big")), "32 bytes that are no key"),
        (as_base64url(b"\xff" * 32), "32 bytes that are no key"),
        (KEY.public, "must be the private key"),
        (KEY.vapid.public_pem().decode(), "must be the private key; this is the public one"),
        (LOCKED.decode(), "without a password"),
        (as_base64url(LOCKED_DER), "without a password"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "this PEM text cannot be read"),
        ("-----BEGIN PRIVATE KEY-----", "this PEM text cannot be read"),
        ("-----\ud800", "this PEM text cannot be read"),
        (pem(PrivateFormat.PKCS8, ec.generate_private_key(ec.SECP384R1())), "on the curve P-256"),
        (pem(PrivateFormat.PKCS8, ec.generate_private_key(ec.SECP256K1())), "on the curve P-256"),
        (pem(PrivateFormat.PKCS8, ed25519.Ed25519PrivateKey.generate()), "on the curve P-256"),
        (pem(PrivateFormat.PKCS8, rsa.generate_private_key(65537, 2048)), "on the curve P-256"),
    ],
)
def test_anything_else_is_refused_with_what_would_be_right(text: str, reason: str) -> None:
    assert reason in refusal(text)


@settings(database=None, deadline=None)
@given(st.text() | st.binary().map(as_base64url) | st.text().map(lambda text: f"-----BEGIN {text}"))
def test_whatever_is_given_is_a_key_or_refused(text: str) -> None:
    with contextlib.suppress(BadKey):
        assert isinstance(read_private(text), VapidKey)


def test_the_private_half_is_never_shown() -> None:
    assert repr(KEY) == f"VapidKey(public={KEY.public!r}, made_at=None)"
    assert KEY.private_text not in f"{KEY} {vars(vapid_keys)}"


def test_public_keys_are_compared_in_one_form() -> None:
    data = base64.urlsafe_b64decode(KEY.public + "=")
    for text in (
        KEY.public,
        f" {KEY.public}\n",
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode(),
    ):
        assert normal_public(text) == KEY.public


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "not base64!",
        KEY.public[:-2],
        KEY.public + "AA",
        KEY.private_text,
        as_base64url(b"\4" + bytes(64)),
        as_base64url(OBJECT.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)),
        KEY.vapid.public_pem().decode(),
        "\ud800",
    ],
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(BadKey, match="must be"):
        normal_public(text)
