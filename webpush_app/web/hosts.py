"""A request whose Host is no name of a host is turned away before anything reads it."""

import re
from collections.abc import Callable, Iterable
from typing import Any

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]{{2,45}}\])(?::[0-9]{{1,5}})?")
_LONGEST = 260

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def checking_host(application: Application) -> Application:
    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "localhost")
        if len(host) <= _LONGEST and _HOST.fullmatch(host):
            return application(environ, start_response)
        start_response("400 Bad Request", [("Content-Type", "text/plain"), ("X-Content-Type-Options", "nosniff")])
        return [b"The Host header is not the name of a host.\n"]

    return answer
