"""May we call this URL? A stranger posts it and our server calls it, so what is not plainly a push service is refused.

Here the form of the URL is judged, without asking DNS; the addresses behind the name are judged when a socket opens.
"""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass, field

# What today's browsers hand out. `*.` stands for one or more names in front.
KNOWN_HOSTS = (
    "fcm.googleapis.com",
    "android.googleapis.com",
    "jmt17.google.com",
    "updates.push.services.mozilla.com",
    "*.push.services.mozilla.com",
    "web.push.apple.com",
    "*.push.apple.com",
    "*.notify.windows.com",
)
MAX_LENGTH = 2048

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label begins with a letter: what ends in a number is an IP address to some readers of URLs.
_HOST = rf"(?=[^:/?]{{1,253}}(?:[:/?]|\Z))(?:{_LABEL}\.)+(?=[a-z]){_LABEL}"
_URL = re.compile(rf"https://(?P<host>{_HOST})(?::443)?/[!-\"$-\[\]-~]*", re.IGNORECASE | re.ASCII)

_REST = re.compile(r"[!-\"$-\[\]-~]*", re.ASCII)
_MOST_ORIGINS = 500
_origins: dict[str, str] = {}
"""Of what was read before: from the part of a URL before its path. A broadcast calls few hosts very often."""

# Why a URL does not match the pattern above, the first that applies. The pattern alone decides.
_REASONS = (
    (r"[!-~]*", "must consist of ASCII letters, digits and signs, without spaces"),
    (r"https://.*", "must begin with https://"),
    (r"[^\\]*", "must not have a backslash in it"),
    (r"[^#]*", "must end before the # of a fragment"),
    (r"https://[^/?@]*([/?].*)?", "must not have a user name before its host"),
    (
        rf"https://{_HOST}([:/?].*)?",
        "must name its host as a full name, such as push.example.org: no IP address, no % and no dot at the end",
    ),
    (r"https://[^/?:]*(:443)?([/?].*)?", "must be on port 443"),
    (r"https://[^/?]*/.*", "must have a path after its host"),
)

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Python's is_global calls some of these global, and differs from one version of Python to the next.
_NOT_PUBLIC_4 = tuple(ipaddress.IPv4Network(network) for network in ("192.0.0.0/24", "192.88.99.0/24"))
_NOT_PUBLIC_6 = tuple(ipaddress.IPv6Network(network) for network in ("2001::/23", "2620:4f:8000::/48", "3fff::/20"))


class EndpointRefused(ValueError):
    """The reason, in plain words that say what would be right. Never repeats the URL, which is a secret."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    url: str = field(repr=False)
    """As the browser gave it: it may be compared letter by letter."""
    host: str

    @property
    def origin(self) -> str:
        return f"https://{self.host}"


def check_endpoint(url: str, more_hosts: Collection[str] = ()) -> Endpoint:
    endpoint = read_endpoint(url)
    if name_of(endpoint.host, more_hosts) is None:
        raise EndpointRefused(
            f"must be at a push service that this site knows; {endpoint.host} is none. "
            "Who runs this site can add it to the known hosts"
        )
    return endpoint


def name_of(host: str, more_hosts: Collection[str] = ()) -> str | None:
    """The known name that stands for it: its own, or else the narrowest that begins with `*.`."""
    names = [name.lower() for name in (*KNOWN_HOSTS, *more_hosts)]
    standing_for_it = [name for name in names if _is_named(host, name)]
    return max(standing_for_it, key=lambda name: (name == host, len(name)), default=None)


def read_endpoint(url: str) -> Endpoint:
    """Judges the form alone, whoever the host is."""
    if len(url) > MAX_LENGTH:
        raise EndpointRefused(f"must have at most {MAX_LENGTH} characters")
    found = _URL.fullmatch(url)
    if found is None:
        raise EndpointRefused(_reason(url))
    return Endpoint(url, found["host"].lower())


def read_origin(url: str) -> str:
    """As `read_endpoint`, for whom the origin is enough."""
    end = url.find("/", len("https://"))
    origin = _origins.get(url[:end])
    if origin is not None and len(url) <= MAX_LENGTH and _REST.fullmatch(url, end):
        return origin
    origin = read_endpoint(url).origin
    if len(_origins) >= _MOST_ORIGINS:
        _origins.clear()
    _origins[url[:end]] = origin
    return origin


def is_public(address: str) -> bool:
    """Whether everybody on the internet may call it. What holds an IPv4 address is judged by that one.

    The forms without a path over the public internet are never public, whatever they hold: IPv4-compatible (::/96),
    SIIT (::ffff:0:0:0/96), NAT64 with a local prefix (64:ff9b:1::/48) and Teredo (2001::/32).
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return _is_public_4(parsed)
    if parsed.scope_id is not None:
        return False
    inner = parsed.ipv4_mapped or parsed.sixtofour
    if parsed in _NAT64:
        inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
    return _is_public_6(parsed) if inner is None else _is_public_4(inner)


def _reason(url: str) -> str:
    for pattern, reason in _REASONS:
        if not re.fullmatch(pattern, url, re.IGNORECASE | re.ASCII):
            return reason
    return "must have the form https://push.example.org/path"


def _is_named(host: str, name: str) -> bool:
    return host.endswith(name[1:]) if name.startswith("*.") else host == name


def _is_public_4(address: ipaddress.IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and not any(address in network for network in _NOT_PUBLIC_4)


def _is_public_6(address: ipaddress.IPv6Address) -> bool:
    return address in _GLOBAL_UNICAST and address.is_global and not any(address in network for network in _NOT_PUBLIC_6)
