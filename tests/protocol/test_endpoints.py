"""Which URLs may be called at all: a stranger posts them, so whatever is not plainly a push service is refused."""

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from urllib3.util import parse_url

from webpush_app.protocol.endpoints import KNOWN_HOSTS, Endpoint, EndpointRefused, check_endpoint, read_endpoint

# As the browsers hand them out.
RIGHT = {
    "https://fcm.googleapis.com/fcm/send/fNkXh:APA91bE_x-y": "fcm.googleapis.com",
    "https://android.googleapis.com/gcm/send/abc": "android.googleapis.com",
    "https://jmt17.google.com/fcm/send/abc": "jmt17.google.com",
    "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABk==": "updates.push.services.mozilla.com",
    "https://updates-autopush.stage.push.services.mozilla.com/wpush/v1/g": (
        "updates-autopush.stage.push.services.mozilla.com"
    ),
    "https://web.push.apple.com/QGm_x": "web.push.apple.com",
    "https://a.push.apple.com/x": "a.push.apple.com",
    "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAD%2bx%3d%3d": "wns2-par02p.notify.windows.com",
    "https://fcm.googleapis.com:443/fcm/send/abc": "fcm.googleapis.com",
    "https://fcm.googleapis.com/a@b:8080//evil.com/?c=https://evil.com/": "fcm.googleapis.com",
    "HTTPS://FCM.GoogleAPIs.com/fcm/send/abc": "fcm.googleapis.com",
}

LETTERS = "must consist of ASCII letters, digits and signs, without spaces"
SCHEME = "must begin with https://"
USER = "must not have a user name before its host"
HOST = "must name its host as a full name"
PORT = "must be on port 443"
UNKNOWN = "must be at a push service that this site knows"
WRONG = [
    ("", SCHEME),
    ("x", SCHEME),
    ("http://fcm.googleapis.com/x", SCHEME),
    ("ftp://fcm.googleapis.com/x", SCHEME),
    ("//fcm.googleapis.com/x", SCHEME),
    ("https:/fcm.googleapis.com/x", SCHEME),
    ("https:fcm.googleapis.com/x", SCHEME),
    ("data:,https://fcm.googleapis.com/x", SCHEME),
    ("file:///etc/passwd", SCHEME),
    (" https://fcm.googleapis.com/x", LETTERS),
    ("https://fcm.googleapis.com/x ", LETTERS),
    ("https://fcm.googleapis.com/x\n", LETTERS),
    ("https://fcm.googleapis.com\t/x", LETTERS),
    ("ht\ntps://fcm.googleapis.com/x", LETTERS),
    ("https://fcm.googleapis.com/x\r\nHost: evil.com", LETTERS),
    ("https://fcm.googleapis.com/\0", LETTERS),
    ("https://fcm.googleapis.com/\x7f", LETTERS),
    ("https://fcm.googleapis.com/é", LETTERS),
    ("https://fcm.googleapis.com/\ud800", LETTERS),
    ("https://fcm.googleapis。com/x", LETTERS),
    ("https://fcm．googleapis.com/x", LETTERS),
    ("https://fcm.googleapis.com／x", LETTERS),
    ("https://ｆcm.googleapis.com/x", LETTERS),
    ("https://fcm.googleapıs.com/x", LETTERS),
    ("https://fcm.\u00adgoogleapis.com/x", LETTERS),
    ("\ufeffhttps://fcm.googleapis.com/x", LETTERS),
    ("https:\\\\fcm.googleapis.com\\x", SCHEME),
    ("https://evil.com\\@fcm.googleapis.com/x", "must not have a backslash in it"),
    ("https://fcm.googleapis.com\\.evil.com/x", "must not have a backslash in it"),
    ("https://fcm.googleapis.com/x#y", "must end before the # of a fragment"),
    ("https://evil.com#@fcm.googleapis.com/x", "must end before the # of a fragment"),
    ("https://user@fcm.googleapis.com/x", USER),
    ("https://user:pass@fcm.googleapis.com/x", USER),
    ("https://@fcm.googleapis.com/x", USER),
    ("https://fcm.googleapis.com@evil.com/x", USER),
    ("https://fcm.googleapis.com:443@evil.com/x", USER),
    ("https://a@b@fcm.googleapis.com/x", USER),
    ("https://", HOST),
    ("https:///", HOST),
    ("https:///fcm.googleapis.com/x", HOST),
    ("https://:443/x", HOST),
    ("https://fcm/x", HOST),
    ("https://localhost/x", HOST),
    ("https://.fcm.googleapis.com/x", HOST),
    ("https://fcm..googleapis.com/x", HOST),
    ("https://fcm.googleapis.com./x", HOST),
    ("https://fcm.googleapis.com.:443/x", HOST),
    ("https://-fcm.googleapis.com/x", HOST),
    ("https://fcm-.googleapis.com/x", HOST),
    ("https://fcm_.googleapis.com/x", HOST),
    ("https://fcm%2egoogleapis.com/x", HOST),
    ("https://fcm.googleapis.com%2f.evil.com/x", HOST),
    ("https://fcm.googleapis.com%00.evil.com/x", HOST),
    ("https://%66cm.googleapis.com/x", HOST),
    ("https://fcm.googleapis.com,evil.com/x", HOST),
    ("https://fcm.googleapis.com;evil.com/x", HOST),
    ("https://[fcm.googleapis.com]/x", HOST),
    ("https://" + "a" * 64 + ".push.apple.com/x", HOST),
    ("https://" + "a." * 130 + "push.apple.com/x", HOST),
    ("https://fcm.googleapis.com:80/x", PORT),
    ("https://fcm.googleapis.com:8443/x", PORT),
    ("https://fcm.googleapis.com:/x", PORT),
    ("https://fcm.googleapis.com:0443/x", PORT),
    ("https://fcm.googleapis.com:443:443/x", PORT),
    ("https://fcm.googleapis.com:+443/x", PORT),
    ("https://fcm.googleapis.com:65979/x", PORT),  # 443 once it overflows
    ("https://fcm.googleapis.com:https/x", PORT),
    ("https://fcm.googleapis.com", "must have a path after its host"),
    ("https://fcm.googleapis.com:443", "must have a path after its host"),
    ("https://fcm.googleapis.com?x", "must have a path after its host"),
    ("https://fcm.googleapis.com/" + "x" * 2048, "must have at most 2048 characters"),
    ("https://example.org/x", UNKNOWN),
    ("https://evilfcm.googleapis.com/x", UNKNOWN),
    ("https://fcm.googleapis.com.evil.com/x", UNKNOWN),
    ("https://evilfcm.googleapis.com.evil.com/x", UNKNOWN),
    ("https://x.fcm.googleapis.com/x", UNKNOWN),
    ("https://googleapis.com/x", UNKNOWN),
    ("https://storage.googleapis.com/x", UNKNOWN),
    ("https://notify.windows.com/x", UNKNOWN),
    ("https://evilnotify.windows.com/x", UNKNOWN),
    ("https://a.notify.windows.com.evil/x", UNKNOWN),
    ("https://evil-push.apple.com/x", UNKNOWN),
    ("https://xn--fcm-8ka.googleapis.com/x", UNKNOWN),
]
# Every spelling of an address that some reader of URLs understands; most mean 127.0.0.1.
ADDRESSES = [
    *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001"),
    *("0", "0.0.0.0", "127.0.0.1.", "00000127.0.0.1", "127.0x0.0.1", "8.8.8.8", "1.2.3.4.5", "169.254.169.254"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "::1"),
    *("[0:0:0:0:0:0:0:1]", "[64:ff9b::7f00:1]", "[v1.x]", "fcm.googleapis.com.127", "push.0x7f", "a.b.0xa"),
]


@pytest.mark.parametrize("url", RIGHT)
def test_what_browsers_hand_out_passes_as_it_stands(url: str) -> None:
    endpoint = check_endpoint(url)
    assert (endpoint.url, endpoint.host, endpoint.origin) == (url, RIGHT[url], f"https://{RIGHT[url]}")


@pytest.mark.parametrize(("url", "reason"), WRONG)
def test_anything_else_is_refused_with_what_would_be_right(url: str, reason: str) -> None:
    with pytest.raises(EndpointRefused) as refused:
        check_endpoint(url)
    assert str(refused.value).startswith(reason)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_in_the_place_of_a_name_is_refused_even_if_the_setting_names_it(address: str) -> None:
    with pytest.raises(EndpointRefused):
        check_endpoint(f"https://{address}/x", more_hosts=[address, address.strip("[]")])


def test_the_longest_endpoint_has_2048_characters() -> None:
    longest = "https://fcm.googleapis.com/".ljust(2048, "x")
    assert check_endpoint(longest).url == longest


@pytest.mark.parametrize("host", ["push.example.org", "PUSH.Example.org"])
def test_the_setting_adds_one_host(host: str) -> None:
    assert check_endpoint("https://push.example.org/x", [host]).host == "push.example.org"
    for url in ("https://a.push.example.org/x", "https://example.org/x", "https://evilpush.example.org/x"):
        with pytest.raises(EndpointRefused):
            check_endpoint(url, [host])
    assert check_endpoint("https://fcm.googleapis.com/x", [host])


def test_the_setting_adds_all_hosts_below_a_name() -> None:
    for url in ("https://a.example.org/x", "https://a.b.example.org/x"):
        assert check_endpoint(url, ["*.example.org"])
    for url in ("https://example.org/x", "https://evilexample.org/x", "https://a.example.org.evil.com/x"):
        with pytest.raises(EndpointRefused):
            check_endpoint(url, ["*.example.org"])


@pytest.mark.parametrize("name", ["", "*", "*.", ".", ".com", "com", "*example.org", "example.*"])
def test_an_odd_name_in_the_setting_opens_nothing(name: str) -> None:
    with pytest.raises(EndpointRefused):
        check_endpoint("https://push.example.com/x", [name])


def test_the_form_alone_is_judged_whoever_the_host_is() -> None:
    assert read_endpoint("https://push.example.org/x").origin == "https://push.example.org"
    with pytest.raises(EndpointRefused):
        read_endpoint("https://push.example.org:8443/x")


def test_a_refusal_does_not_repeat_the_secret_part() -> None:
    for url in ("https://example.org/secret", "https://fcm.googleapis.com:1/secret", "https://u:secret@x.org/secret"):
        with pytest.raises(EndpointRefused) as refused:
            check_endpoint(url)
        assert "secret" not in str(refused.value)
    assert "secret" not in repr(Endpoint("https://fcm.googleapis.com/secret", "fcm.googleapis.com"))


PIECES = st.sampled_from(
    [
        *"/\\@:#?%.[]",
        "https",
        "://",
        "443",
        "fcm",
        "googleapis",
        "com",
        "evil.com",
        "127.0.0.1",
        "\t",
        "\n",
        "。",
        "::1",
    ]
)
MADE = st.lists(PIECES | st.text(max_size=3), max_size=14).map("".join)


@settings(database=None, deadline=None, max_examples=500)
@given(MADE | MADE.map(lambda rest: f"https://fcm.googleapis.com{rest}") | MADE.map(lambda rest: f"https://{rest}"))
@example("https://fcm.googleapis.com:443/x")
def test_what_passes_leads_two_other_readers_to_the_same_known_host(url: str) -> None:
    try:
        endpoint = check_endpoint(url)
    except EndpointRefused:
        return
    assert endpoint.host in KNOWN_HOSTS or endpoint.host.endswith(tuple(name[1:] for name in KNOWN_HOSTS))
    one, other = urlsplit(url), parse_url(url)
    assert (one.scheme, one.hostname, one.port or 443, one.username) == ("https", endpoint.host, 443, None)
    assert (other.scheme, other.host, other.port or 443, other.auth) == ("https", endpoint.host, 443, None)
