"""A push made step by step with pywebpush and py_vapid, and nothing of ours: so that a test can put one fault in it."""

import json
import time
from dataclasses import dataclass
from typing import Any, Self

import requests
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid
from pywebpush import WebPusher
from requests.adapters import HTTPAdapter

from tests.push.browser_keys import as_base64url
from tests.push.service import PushService, Subscribed
from tests.push.verifier import origin_of

SUBJECT = "mailto:admin@example.com"
TEXT = '{"title": "susan", "body": "Dinner at eight? 저녁 🍲"}'


class Redirected(HTTPAdapter):
    """Every host is the service; the certificate is checked for 127.0.0.1."""

    def __init__(self, service: PushService) -> None:
        super().__init__()
        self.service = service

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        assert request.url
        host, _, path = request.url.removeprefix("https://").partition("/")
        request.headers.setdefault("Host", host)
        request.url = f"https://{self.service.stand_in}/{path}"
        return super().send(request, *arguments, **{**options, "verify": str(self.service.ca_file)})


def session_to(service: PushService) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy of whoever runs the tests
    session.mount("https://", Redirected(service))
    return session


def new_key() -> Any:
    vapid = Vapid()
    vapid.generate_keys()
    return vapid


def public_text(vapid: Any) -> str:
    return as_base64url(vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


@dataclass
class Push:
    """A right one, until somebody changes its parts."""

    session: requests.Session
    subscribed: Subscribed
    vapid: Any
    endpoint: str
    body: bytes
    headers: dict[str, str]

    @classmethod
    def make(cls, session: requests.Session, subscribed: Subscribed, vapid: Any, text: str = TEXT) -> Self:
        headers = {
            "TTL": "60",
            "Urgency": "high",
            "Topic": "a" * 32,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            **vapid.sign(right_claims(subscribed)),
        }
        return cls(session, subscribed, vapid, subscribed.endpoint, encrypted(subscribed, text.encode()), headers)

    def set_header(self, name: str, value: str | None) -> None:
        self.headers.pop(name, None)
        if value is not None:
            self.headers[name] = value

    def post(self, timeout: float = 5.0) -> requests.Response:
        return self.session.post(
            self.endpoint, data=self.body, headers=self.headers, timeout=timeout, allow_redirects=False
        )

    def check_refused(self, status: int, reason: str) -> None:
        answer, service = self.post(), self.subscribed.service
        assert (answer.status_code, answer.text) == (status, reason)
        assert (service.refusals[-1].status, service.refusals[-1].reason) == (status, reason)
        assert self.subscribed.received == []


def encrypted(subscribed: Subscribed, payload: bytes) -> bytes:
    body: bytes = WebPusher(subscribed.to_json()).encode(payload)["body"]
    return body


def right_claims(subscribed: Subscribed) -> dict[str, Any]:
    return {"aud": origin_of(subscribed.endpoint), "exp": int(time.time()) + 3600, "sub": SUBJECT}


def token(vapid: Any, claims: object, header: object) -> str:
    """Signed well, whatever it says; py_vapid would not sign some of it."""
    signed = f"{_as_part(header)}.{_as_part(claims)}"
    return f"{signed}.{as_base64url(signature(vapid, signed.encode()))}"


def signature(vapid: Any, signed: bytes, *, is_der: bool = False) -> bytes:
    der: bytes = vapid.private_key.sign(signed, ec.ECDSA(SHA256()))
    r, s = utils.decode_dss_signature(der)
    return der if is_der else r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _as_part(data: object) -> str:
    return as_base64url(json.dumps(data).encode())
