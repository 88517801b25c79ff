"""Does a browser's `Origin` header name this site? Asked by the JSON routes, and by sockets before anything else."""

from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def names_this_site(origin: str, scheme: str, host: str) -> bool:
    """The scheme is not compared: behind a proxy that ends TLS, a request of an https page looks like plain http."""
    try:
        asked, own = urlsplit(origin), urlsplit(f"{scheme}://{host}")
        default = _DEFAULT_PORTS.get(asked.scheme)
        ports = (asked.port or default, own.port or default)
    except ValueError:
        return False
    is_plain = not (asked.path or set(origin) & set("?#@"))
    return default is not None and is_plain and asked.hostname == own.hostname and ports[0] == ports[1]
