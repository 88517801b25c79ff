"""What can be wrong with a push, as tables: the fault, and what the service must say to it."""

from typing import Any

from tests.push.browser_keys import as_base64url
from tests.push.by_hand import public_text, right_claims, signature, token
from tests.push.service import APPLE, MOZILLA, Subscribed

# Written out, not taken from the verifier: what RFC 8292 allows a token, and the push services a message.
TOKEN_SECONDS = 86_400
TTL_SECONDS = 2_419_200

HEADER = {"typ": "JWT", "alg": "ES256"}

NOT_THE_ORIGIN = "aud is not the endpoint's origin"
NOBODY = "sub is neither a mailto: nor an https address that reaches somebody"
CLAIMS: list[tuple[dict[str, Any], str]] = [
    # None leaves the claim out; a number as exp counts from now.
    ({"aud": None}, NOT_THE_ORIGIN),
    ({"aud": f"https://{APPLE}"}, NOT_THE_ORIGIN),
    ({"aud": f"https://{MOZILLA}/"}, NOT_THE_ORIGIN),
    ({"aud": f"http://{MOZILLA}"}, NOT_THE_ORIGIN),
    ({"aud": [f"https://{MOZILLA}"]}, NOT_THE_ORIGIN),
    ({"exp": None}, "exp is not a number"),
    ({"exp": "9999999999"}, "exp is not a number"),
    ({"exp": True}, "exp is not a number"),
    ({"exp": -1}, "exp is in the past"),
    ({"exp": float("nan")}, "exp is in the past"),
    ({"exp": TOKEN_SECONDS + 60}, "exp is more than 24 hours away"),
    ({"sub": None}, "sub is missing"),
    ({"sub": ""}, NOBODY),
    ({"sub": "mailto:"}, NOBODY),
    ({"sub": "admin@example.com"}, NOBODY),
    ({"sub": "mailto:mailto:admin@example.com"}, NOBODY),
    ({"sub": "mailto:admin@localhost"}, NOBODY),
    ({"sub": "mailto:admin@127.0.0.1"}, NOBODY),
    ({"sub": "mailto: admin@example.com"}, NOBODY),
    ({"sub": "mailto:<admin@example.com>"}, NOBODY),
    ({"sub": "mailto:admin@example.com\n"}, NOBODY),
    ({"sub": "mailto:a@example.com,b@example.com"}, NOBODY),
    ({"sub": "http://example.com"}, NOBODY),
    ({"sub": "https://localhost"}, NOBODY),
    ({"sub": "https://push.localhost/contact"}, NOBODY),
    ({"sub": "https://127.0.0.1:5000"}, NOBODY),
    ({"sub": "https://[::1"}, NOBODY),
    ({"sub": "https://example.com/a b"}, NOBODY),
]
UNUSUAL_CLAIMS: list[dict[str, Any]] = [
    {"sub": "https://push.example.com/contact"},
    {"sub": "mailto:push+alerts@mail.example.co.uk"},
    {"exp": TOKEN_SECONDS - 60},
    {"exp": 5.5},
]

NO_SCHEME = "there is no Authorization of the scheme vapid"
AUTHORIZATIONS: list[tuple[str, int, str]] = [
    # What stands in braces is a name of `tokens`.
    ("", 401, NO_SCHEME),
    ("Bearer {right}", 401, NO_SCHEME),
    ("WebPush {right}", 401, NO_SCHEME),
    ("vapid {right}", 403, "the parameters of the Authorization cannot be read"),
    ("vapid t={right}, k={k}, k={k}", 403, "the parameters of the Authorization cannot be read"),
    ("vapid t={right}", 403, "the Authorization does not consist of t and k"),
    ("vapid k={k}", 403, "the Authorization does not consist of t and k"),
    ("vapid t={right}, k={k}=", 403, "k is not the key that the subscription was made with"),
    ("vapid t={of_another}, k={k_of_another}", 403, "k is not the key that the subscription was made with"),
    ("vapid t={of_another}, k={k}", 403, "the signature is not good"),
    ("vapid t={changed}, k={k}", 403, "the signature is not good"),
    ("vapid t={in_der}, k={k}", 403, "the signature has not 64 bytes"),
    ("vapid t={alg_none}, k={k}", 403, "alg is not ES256"),
    ("vapid t={alg_hs256}, k={k}", 403, "alg is not ES256"),
    ("vapid t={odd_typ}, k={k}", 403, "typ is not JWT"),
    ("vapid t={a_list}, k={k}", 403, "the claims of t is not an object"),
    ("vapid t={unsigned}, k={k}", 403, "t has not three parts"),
    ("vapid t={unsigned}., k={k}", 403, "the signature is not base64url"),
    ("vapid t=a.b.c, k={k}", 403, "the header of t is not base64url"),
    ("vapid t=abcd.b.c, k={k}", 403, "the header of t is not JSON"),
]
KEYS: list[tuple[str, str]] = [
    (as_base64url(b"\4" + b"\1" * 64), "k is not on the curve"),
    (as_base64url(b"\4" + b"\1" * 65), "k is not an uncompressed point"),
    (as_base64url(b"\2" + b"\1" * 32), "k is not an uncompressed point"),
    ("A", "k is not base64url"),
    ("B+/=", "k is not base64url"),
]

NO_WHOLE_NUMBER = "TTL is not a whole number"
NO_TTL = "TTL is not between 1 second and 28 days"
NO_TOPIC = "Topic is not base64url of at most 32 characters"
HEADERS: list[tuple[str, str | None, str]] = [
    ("TTL", None, "TTL is missing"),
    ("TTL", "", NO_WHOLE_NUMBER),
    ("TTL", "1.5", NO_WHOLE_NUMBER),
    ("TTL", "-1", NO_WHOLE_NUMBER),
    ("TTL", "60, 60", NO_WHOLE_NUMBER),
    ("TTL", "0", NO_TTL),
    ("TTL", str(TTL_SECONDS + 1), NO_TTL),
    ("Content-Encoding", None, "Content-Encoding is not aes128gcm"),
    ("Content-Encoding", "aesgcm", "Content-Encoding is not aes128gcm"),
    ("Content-Type", None, "Content-Type is not application/octet-stream"),
    ("Content-Type", "application/json", "Content-Type is not application/octet-stream"),
    ("Urgency", "urgent", "Urgency is none of the four"),
    ("Urgency", "", "Urgency is none of the four"),
    ("Topic", "a" * 33, NO_TOPIC),
    ("Topic", "a" * 29, NO_TOPIC),
    ("Topic", "message/7", NO_TOPIC),
    ("Topic", "YQ==", NO_TOPIC),
    ("Topic", "", NO_TOPIC),
]
UNUSUAL_HEADERS: list[tuple[str, str | None]] = [
    ("TTL", "1"),
    ("TTL", str(TTL_SECONDS)),
    ("Urgency", None),
    ("Urgency", "very-low"),
    ("Topic", None),
    ("Topic", "ab"),
]


def tokens(subscribed: Subscribed, vapid: Any, another: Any) -> dict[str, str]:
    claims = right_claims(subscribed)
    right = token(vapid, claims, HEADER)
    unsigned = right.rpartition(".")[0]
    later = token(vapid, {**claims, "exp": claims["exp"] + 1}, HEADER)
    return {
        "k": public_text(vapid),
        "k_of_another": public_text(another),
        "right": right,
        "of_another": token(another, claims, HEADER),
        "unsigned": unsigned,
        "changed": f"{unsigned}.{later.rpartition('.')[2]}",
        "in_der": f"{unsigned}.{as_base64url(signature(vapid, unsigned.encode(), is_der=True))}",
        "alg_none": token(vapid, claims, {"typ": "JWT", "alg": "none"}),
        "alg_hs256": token(vapid, claims, {"typ": "JWT", "alg": "HS256"}),
        "odd_typ": token(vapid, claims, {"typ": "at+jwt", "alg": "ES256"}),
        "a_list": token(vapid, [claims], HEADER),
    }
