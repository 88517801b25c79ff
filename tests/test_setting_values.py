"""The settings of web push: every form in which people keep a key, what an address is, and what the name of a host."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from webpush_app import setting_values
from webpush_app.protocol import vapid_keys
from webpush_app.protocol.endpoints import EndpointRefused, check_endpoint
from webpush_app.protocol.signing import Signer

KEY = vapid_keys.generate()
_LOADED = load_pem_private_key(KEY.vapid.private_pem(), None)


def _bytes(encoding: Encoding, form: PrivateFormat, hidden: KeySerializationEncryption | None = None) -> bytes:
    return _LOADED.private_bytes(encoding, form, hidden or NoEncryption())


def _standard(text: str) -> str:
    return text.replace("-", "+").replace("_", "/")


PEM = _bytes(Encoding.PEM, PrivateFormat.PKCS8).decode()
OLD_PEM = _bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL).decode()
DER = _bytes(Encoding.DER, PrivateFormat.PKCS8)
OLD_DER = _bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL)
PUBLIC_PEM = _LOADED.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

FORMS = {
    "raw": KEY.private_text,
    "raw, padded": KEY.private_text + "=",
    "raw, in the standard alphabet": _standard(KEY.private_text) + "=",
    "raw, with a line break": KEY.private_text[:20] + "\n" + KEY.private_text[20:] + "\n",
    "PEM": PEM,
    "PEM on one line": PEM.replace("\n", "\\n"),
    "PEM of Windows": PEM.replace("\n", "\r\n"),
    "PEM of openssl ecparam": OLD_PEM,
    "DER": base64.b64encode(DER).decode(),
    "DER in the alphabet of URLs": base64.urlsafe_b64encode(DER).decode().rstrip("="),
    "DER, wrapped": base64.encodebytes(DER).decode(),
    "DER of openssl ecparam": base64.b64encode(OLD_DER).decode(),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_private_key_is_read_in_every_form(name: str) -> None:
    assert setting_values.private_keys(FORMS[name]) == KEY.private_text


def _pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
NO_KEYS = {
    "nothing": ("", "must be a private key"),
    "a word": ("hunter2", "must be base64url of 32 bytes, or PEM"),
    "the public key": (KEY.public, "must be the private key"),
    "the public key as PEM": (PUBLIC_PEM, "must be the private key; this is the public one"),
    "zero": ("A" * 43, "that are no key"),
    "the order of the curve": (base64.b64encode(ORDER.to_bytes(32, "big")).decode(), "that are no key"),
    "one byte too few": (base64.b64encode(b"\1" * 31).decode(), "this is 31 bytes that are no key"),
    "one byte too many": (base64.b64encode(b"\1" * 33).decode(), "this is 33 bytes that are no key"),
    "another curve": (_pem(ec.generate_private_key(ec.SECP384R1())), "curve P-256"),
    "another kind": (_pem(ed25519.Ed25519PrivateKey.generate()), "curve P-256"),
    "a PEM that is cut": (PEM[:120], "this PEM text cannot be read"),
    "a PEM with a password": (
        _bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hunter2")).decode(),
        "without a password",
    ),
    "a novel": ("A" * 10_001, "must be a private key"),
    "quotes around it": (f'"{KEY.private_text}"', "is not base64url text"),
}


@pytest.mark.parametrize("name", NO_KEYS)
def test_what_is_no_private_key_is_refused_and_not_repeated(name: str) -> None:
    text, why = NO_KEYS[name]
    with pytest.raises(ValueError, match="must be") as refused:
        setting_values.private_keys(text)
    said = str(refused.value)
    assert why in said
    assert said.endswith(".")
    assert "\n" not in said
    assert not text or text[:30] not in said


@pytest.mark.parametrize("form", [KEY.public, KEY.public + "=", _standard(KEY.public), f" {KEY.public} "])
def test_a_public_key_has_one_form_in_which_it_is_compared(form: str) -> None:
    assert setting_values.public_key(form) == KEY.public


CONTACTS = {
    "ops@example.com": "mailto:ops@example.com",
    "mailto:ops@example.com": "mailto:ops@example.com",
    "o'brien+push@mail.example.co.uk": "mailto:o'brien+push@mail.example.co.uk",
    "https://example.com": "https://example.com",
    "https://www.example.com/contact?about=push": "https://www.example.com/contact?about=push",
}


@pytest.mark.parametrize("given", CONTACTS)
def test_a_contact_is_what_push_services_can_be_told(given: str) -> None:
    contact = setting_values.contact(given)
    assert contact == CONTACTS[given]
    assert Signer(KEY, contact).authorization("https://a.example").startswith("vapid t=")


@pytest.mark.parametrize(
    "given",
    [
        "",
        "mailto:",
        "ops",
        "ops@",
        "@example.com",
        "ops@localhost",
        "mailto:mailto:ops@example.com",
        "mailto: ops@example.com",
        "ops@example.com, b@example.com",
        "Ops <ops@example.com>",
        "tel:+15551234",
        "example.com",
        "http://example.com",
        "https://",
        "https://localhost",
        "https://localhost:5000/",
        "https://user@example.com",
        "https://user:hunter2@example.com",
    ],
)
def test_what_reaches_nobody_is_no_contact(given: str) -> None:
    with pytest.raises(
        ValueError, match=r"must be an e-mail address such as ops@example\.com, or an https:// address\."
    ):
        setting_values.contact(given)


@pytest.mark.parametrize(
    "given",
    [
        "https://exa mple.com",  # py_vapid would refuse it at each push
        "https://:hunter2@example.com",  # and this one
        "https://[",
        "https://127.0.0.1/",
        "https://10.0.0.1",
        "https://[::1]/",
        "https://localhost.",
        "ops@127.0.0.1",
    ],
)
def test_nor_is_what_cannot_be_signed_with_or_lies_on_this_machine(given: str) -> None:
    with pytest.raises(ValueError, match="must be an e-mail address such as"):
        setting_values.contact(given)


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ("push.example.org", ("push.example.org",)),
        ("Push.Example.ORG", ("push.example.org",)),
        (" a.example ,, *.b.example,", ("a.example", "*.b.example")),
        ("xn--e1afmkfd.example", ("xn--e1afmkfd.example",)),
        ("*.a-b.example", ("*.a-b.example",)),
    ],
)
def test_hosts_are_names_with_commas_between_them(given: str, hosts: tuple[str, ...]) -> None:
    assert setting_values.hosts(given) == hosts


def test_a_star_stands_for_the_names_in_front_and_not_for_the_host_itself() -> None:
    hosts = setting_values.hosts("*.example.net")
    assert check_endpoint("https://a.b.example.net/x", hosts).host == "a.b.example.net"
    for url in ("https://example.net/x", "https://evilexample.net/x", "https://a.example.net.evil.org/x"):
        with pytest.raises(EndpointRefused):
            check_endpoint(url, hosts)


NO_HOSTS = ["*", "*.", "*.com", "com", "localhost", "127.0.0.1", "[::1]", "https://push.example.org", "a.0"]
NO_HOSTS += ["push.example.org/x", "push.example.org:8443", "a..example", ".example.org", "example.org.", "a.*.example"]
NO_HOSTS += ["*a.example", "**.a.example", "-a.example", "a-.example", "a_b.example", "ｐush.example", "a b.example"]
NO_HOSTS += ["a.example;b.example", "a.example\n*", "a.example,127.0.0.1"]


@pytest.mark.parametrize("given", NO_HOSTS)
def test_what_is_no_name_of_a_host_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="must be names of hosts with commas between them"):
        setting_values.hosts(given)


@pytest.mark.parametrize("given", ["", "maybe", "2", "truee", "t", "y", "None", "ｔrue"])
def test_yes_or_no_is_not_guessed(given: str) -> None:
    with pytest.raises(ValueError, match=r"must be true or false\."):
        setting_values.yes_or_no(given)


@pytest.mark.parametrize(
    "given",
    [
        "redis://127.0.0.1",
        "redis://127.0.0.1:6379",
        "redis://127.0.0.1:6379/",
        "redis://127.0.0.1:6379/15",
        "redis://:open%2Fsesame@redis.example.org:6379/0",
        "redis://webpush:sesame@[::1]:6379/0",
        "rediss://:sesame@redis.example.org/0",
    ],
)
def test_a_broker_is_the_address_of_a_redis(given: str) -> None:
    assert setting_values.engine_url(given) == given


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "must begin with redis:// or rediss://"),
        ("127.0.0.1:6379", "must begin with redis:// or rediss://"),
        ("Redis://127.0.0.1", "must begin with redis:// or rediss://"),
        ("amqp://:hunter2@127.0.0.1", "must begin with redis:// or rediss://"),
        ("unix:///run/redis.sock", "must begin with redis:// or rediss://"),
        ("redis://:hunter2@127.0.0.1/0?db=1", "must begin with redis:// or rediss://"),
        ("redis://", "must name a host"),
        ("redis:///0", "must name a host"),
        ("redis://:hunter2@/0", "must name a host"),
        ("redis://:hunter2@127.0.0.1/first", "may end with the number of a database"),
        ("redis://:hunter2@127.0.0.1/0/1", "may end with the number of a database"),
        ("redis://:hunter2@127.0.0.1/-1", "may end with the number of a database"),
        ("redis://:hunter2@127.0.0.1/１", "may end with the number of a database"),
        ("redis://:hunter2@127.0.0.1:redis/0", "must have a number as its port"),
        ("redis://:hunter2@127.0.0.1:65536/0", "must have a number as its port"),
        ("redis://:hunter2/open@127.0.0.1:6379/0", "must have a number as its port"),
    ],
)
def test_what_is_no_address_of_a_redis_is_refused_and_not_repeated(given: str, why: str) -> None:
    with pytest.raises(ValueError, match="must") as refused:
        setting_values.engine_url(given)
    said = str(refused.value)
    assert why in said
    assert "hunter2" not in said
