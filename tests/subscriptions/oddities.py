"""Subscriptions that browsers do not send: thousands of wrong ones, and right ones of a form that is seldom seen."""

import base64
import json
import string
from typing import Any

from hypothesis import strategies as st
from hypothesis.provisional import domains

from tests.push.browser_keys import BrowserKeys
from tests.subscriptions.devices import Device

GOOD = Device(endpoint="https://updates.push.services.mozilla.com/wpush/v2/good")
HOSTS = (
    "fcm.googleapis.com",
    "android.googleapis.com",
    "jmt17.google.com",
    "updates.push.services.mozilla.com",
    "a.b.push.services.mozilla.com",
    "web.push.apple.com",
    "api.push.apple.com",
    "db5p.notify.windows.com",
)
BAD_HOSTS = (
    "127.0.0.1",
    "localhost",
    "[::1]",
    "2130706433",
    "0x7f.1",
    "169.254.169.254",
    "10.0.0.1",
    "example.com",
    "push.apple.com",
    "notify.windows.com",
    "evilfcm.googleapis.com",
    "fcm.googleapis.com.evil.example",
    "fcm.googleapis.com.",
    "fcm.googleapis.com:8443",
    "fcm.googleapis.com:80",
    "fcm.googleapis.com:",
    "user@fcm.googleapis.com",
    "fcm.googleapis.com@evil.example",
    "evil.example\\@fcm.googleapis.com",
    "evil.example#.push.apple.com",
    "evil.example?.push.apple.com",
    "fcm%2egoogleapis.com",
    "ｆcm.googleapis.com",
    "-.push.apple.com",
    ".push.apple.com",
    "_.push.apple.com",
)
IN_PATHS = string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@/%|^`{}[]\"<>"

texts = st.text(st.characters(), max_size=20)  # surrogates, NUL and all
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _with(**parts: Any) -> dict[str, Any]:
    """The good subscription with some of its parts changed."""
    keys = {"p256dh": parts.pop("p256dh", GOOD.p256dh), "auth": parts.pop("auth", GOOD.auth)}
    return {"endpoint": GOOD.endpoint, "expirationTime": None, "keys": keys, **parts}


def _is_no_https(value: object) -> bool:
    return not (isinstance(value, str) and value[:8].lower() == "https://")


def _has_no_known_host(url: str) -> bool:
    return not any(host in url.lower() for host in ("google", "mozilla", "apple", "windows"))


_paths = st.text(string.ascii_letters + string.digits, max_size=20)
_endpoints = st.one_of(
    anything.filter(_is_no_https),
    texts.map(lambda text: f"https://{text}").filter(_has_no_known_host),
    st.builds(lambda host, path: f"https://{host}/{path}", st.sampled_from(BAD_HOSTS), _paths | texts),
    st.builds(lambda host, path: f"https://{host}/{path}", domains().filter(_has_no_known_host), _paths),
    st.sampled_from(("http", "ftp", "file", "HTTPS ", " https", "https:", "javascript", "")).map(
        lambda scheme: GOOD.endpoint.replace("https", scheme, 1)
    ),
    st.characters(exclude_characters=IN_PATHS + "?").map(lambda letter: f"{GOOD.endpoint}{letter}x"),
    st.integers(2049 - len(GOOD.endpoint), 6000).map(lambda count: GOOD.endpoint + "x" * count),
)
_points = st.one_of(
    anything,
    # That 64 random bytes are a point of the curve happens once in 2**256.
    st.binary(min_size=64, max_size=64).map(lambda data: _base64url(b"\4" + data)),
    st.binary(max_size=200).map(_base64url),
    st.sampled_from((b"\0", b"\2", b"\3", b"\5", b"\6", b"\7")).map(
        lambda first: _base64url(first + GOOD.keys.p256dh[1:])
    ),
    st.integers(1, 64).map(lambda count: _base64url(GOOD.keys.p256dh[:-count])),
    st.characters(exclude_characters=string.ascii_letters + string.digits + "-_+/").map(
        lambda letter: GOOD.p256dh[:40] + letter + GOOD.p256dh[40:]
    ),
    st.integers(3, 9).map(lambda count: GOOD.p256dh + "=" * count),
)
_auths = st.one_of(
    anything.filter(lambda value: not isinstance(value, str)),
    st.text(max_size=20),
    st.binary(max_size=100).filter(lambda data: len(data) != 16).map(_base64url),
    st.characters(exclude_characters=string.ascii_letters + string.digits + "-_+/").map(
        lambda letter: GOOD.auth[:9] + letter + GOOD.auth[9:]
    ),
)
_server_keys = anything.filter(lambda value: value is not None) | st.binary(max_size=80).map(_base64url)

_broken = st.one_of(
    anything,
    st.builds(lambda value: _with(endpoint=value), _endpoints),
    st.builds(lambda value: _with(p256dh=value), _points),
    st.builds(lambda value: _with(auth=value), _auths),
    st.builds(lambda value: _with(keys=value), anything),
    st.builds(lambda one, two: _with(endpoint=one, p256dh=two), _endpoints, _points),
    st.lists(st.sampled_from(("endpoint", "keys")), min_size=1, unique=True).map(
        lambda names: {name: part for name, part in _with().items() if name not in names}
    ),
)
# What stands beside a subscription is not looked for within its text.
_beside = st.one_of(
    st.builds(lambda value: _with(applicationServerKey=value), _server_keys),
    st.builds(lambda value: {"subscription_json": value}, anything),
)
_torn = st.tuples(_broken.map(json.dumps), st.integers(1, 40)).map(lambda cut: cut[0][: -cut[1]].encode())
# Three at a time: to think one up takes longer than to post it.
broken_bodies = st.tuples(
    _broken, st.one_of(_beside.map(json.dumps).map(str.encode), _torn, st.binary(max_size=200))
).map(
    lambda drawn: (
        json.dumps(drawn[0]).encode(),
        json.dumps({"subscription_json": json.dumps(drawn[0])}).encode(),
        drawn[1],
    )
)


def _spelled(data: bytes, padding: bool, standard: bool) -> str:
    text = _base64url(data) + "=" * (padding * (-len(data) % 3))
    return text.replace("-", "+").replace("_", "/") if standard else text


@st.composite
def odd_but_right(draw: st.DrawFn) -> tuple[BrowserKeys, str, bytes]:
    """The browser's keys, its endpoint, and the body that posts them."""
    keys, host = BrowserKeys.make(), draw(st.sampled_from(HOSTS))
    spelled = draw(st.sampled_from((host, host.upper(), host.title(), f"{host}:443")))
    path = draw(st.text(IN_PATHS, max_size=60) | st.integers(0, 1990).map(lambda count: "x" * count))
    endpoint = draw(st.sampled_from(("https", "HTTPS", "hTTps"))) + f"://{spelled}/{path}"
    given = {
        "endpoint": endpoint,
        "keys": {
            "p256dh": _spelled(keys.p256dh, draw(st.booleans()), draw(st.booleans())),
            "auth": _spelled(keys.auth, draw(st.booleans()), draw(st.booleans())),
            **draw(st.dictionaries(st.text(min_size=7, max_size=9), scalars, max_size=2)),
        },
        "expirationTime": draw(scalars),
    }
    body = {"subscription_json": json.dumps(given)} if draw(st.booleans()) else given
    return keys, endpoint, json.dumps(body).encode()
