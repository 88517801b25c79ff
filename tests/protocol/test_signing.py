"""Signatures for push services (RFC 8292): right, fresh enough, and not made more often than needed."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from py_vapid import Vapid

from tests.push import verifier
from webpush_app.protocol import signing
from webpush_app.protocol.signing import BadSubject, Signer
from webpush_app.protocol.vapid_keys import generate, read_private

KEY = generate()
SUBJECT = "mailto:admin@example.com"
START = datetime(2026, 3, 4, 5, 6, 7, 890000, tzinfo=UTC)
MOZILLA = "https://updates.push.services.mozilla.com"
APPLE = "https://web.push.apple.com"


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def signer(clock: Clock) -> Signer:
    return Signer(KEY, SUBJECT, clock)


def claims_in(header: str) -> Any:
    part = header.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_the_example_of_the_rfc_is_verified_by_the_library_that_signs() -> None:
    # RFC 8292, section 2.4.
    token = (
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3Njgs"
        "InN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtm"
        "ysazNjjvW2L9OkSSHzvoD1oA"
    )
    key = "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
    assert Vapid.verify(f"vapid t={token},k={key}")
    assert not Vapid.verify(f"vapid t={token.replace('i3CY', 'i3CZ')},k={key}")
    claims = verifier.verify_vapid(f"vapid t={token},k={key}", "https://push.example.net/x", key, 1453523768 - 3600)
    assert claims.subject == "mailto:push@example.com"


def test_a_strict_push_service_takes_the_signature(signer: Signer) -> None:
    claims = verifier.verify_vapid(
        signer.authorization(MOZILLA), f"{MOZILLA}/wpush/v2/x", KEY.public, START.timestamp()
    )
    assert (claims.audience, claims.subject) == (MOZILLA, SUBJECT)
    assert claims.expires_at == int(START.timestamp()) + 12 * 3600


def test_nothing_but_the_three_claims_is_signed(signer: Signer) -> None:
    assert claims_in(signer.authorization(APPLE)) == {
        "aud": APPLE,
        "exp": int(START.timestamp()) + 12 * 3600,
        "sub": SUBJECT,
    }


def test_each_origin_has_its_own(signer: Signer) -> None:
    headers = [signer.authorization(origin) for origin in (MOZILLA, APPLE, MOZILLA)]
    assert [claims_in(header)["aud"] for header in headers] == [MOZILLA, APPLE, MOZILLA]
    assert headers[0] == headers[2]


def test_it_is_used_for_most_of_an_hour_and_then_made_anew(signer: Signer, clock: Clock) -> None:
    first = signer.authorization(MOZILLA)
    clock.move(minutes=54, seconds=59)
    assert signer.authorization(MOZILLA) == first
    clock.move(seconds=1)
    second = signer.authorization(MOZILLA)
    assert claims_in(second)["exp"] == int(clock.now.timestamp()) + 12 * 3600
    clock.move(minutes=54)
    assert signer.authorization(MOZILLA) == second


def test_where_our_clock_is_eleven_hours_behind_none_is_used_that_is_over(signer: Signer, clock: Clock) -> None:
    signer.authorization(MOZILLA)
    clock.move(minutes=54, seconds=59)
    expires = claims_in(signer.authorization(MOZILLA))["exp"]
    assert expires - (clock.now.timestamp() + 11 * 3600) > 60, "a push takes its time, too"


def test_a_clock_set_back_makes_it_anew(signer: Signer, clock: Clock) -> None:
    signer.authorization(MOZILLA)
    clock.move(days=-1)
    assert claims_in(signer.authorization(MOZILLA))["exp"] == int(clock.now.timestamp()) + 12 * 3600


def test_the_origins_kept_have_an_end(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "MOST_ORIGINS", 3)
    first = signer.authorization(MOZILLA)
    for number in range(2):
        signer.authorization(f"https://{number}.notify.windows.com")
    assert signer.authorization(MOZILLA) == first
    signer.authorization(APPLE)
    assert len(signer._signed) == 3
    assert signer.authorization(MOZILLA) != first


@pytest.mark.parametrize(
    "subject",
    ["mailto:a@example.com", "https://example.com", "https://example.com/contact?x#y", "mailto:A+b@mail.example.org"],
)
def test_the_subject_is_signed_as_it_stands(subject: str) -> None:
    assert claims_in(Signer(KEY, subject).authorization(MOZILLA))["sub"] == subject


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "a@example.com",
        "mailto:",
        "mailto:nobody",
        "mailto:mailto:a@b.org",
        "mailto:a@b.org\n",
        "http://b.org",
        "https://",
    ],
)
def test_a_subject_that_names_nobody_is_refused_at_once(subject: str) -> None:
    with pytest.raises(BadSubject, match="mailto: or an https address"):
        Signer(KEY, subject)


def test_another_key_makes_another_signature(signer: Signer) -> None:
    other = Signer(read_private(generate().private_text), SUBJECT)
    with pytest.raises(verifier.Refused, match="not the key"):
        verifier.verify_vapid(other.authorization(MOZILLA), f"{MOZILLA}/x", KEY.public)


def test_a_refused_signature_is_replaced_once(signer: Signer) -> None:
    refused = signer.authorization(MOZILLA)
    renewed = signer.renewed(MOZILLA, refused)
    assert renewed != refused
    assert signer.authorization(MOZILLA) == renewed
    assert signer.renewed(MOZILLA, refused) == renewed
    assert signer.renewed(APPLE, refused) == signer.authorization(APPLE)
    verifier.verify_vapid(renewed, f"{MOZILLA}/x", KEY.public, START.timestamp())
