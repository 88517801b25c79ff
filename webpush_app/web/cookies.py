"""The session cookie: sent over https alone, except to this machine itself, which browsers trust without it."""

import ipaddress

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer

# What a page says depends on who asks, and in which language.
VARY = "Cookie, Accept-Language"


class SessionCookie(SecureCookieSessionInterface):
    # By its name: then OpenSSL makes the whole signature, which is the same, in one step.
    digest_method = "sha1"  # type: ignore[assignment]

    def __init__(self) -> None:
        self._serializer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Made once: the secret is given at the start, and a cookie is read with every request."""
        if self._serializer is None:
            self._serializer = super().get_signing_serializer(app)
        return self._serializer

    def get_cookie_secure(self, _app: Flask) -> bool:
        # Behind a proxy that ends TLS the request itself is plain http, so the name asked for decides.
        return request.is_secure or not is_this_machine(request.host)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        # Files are the same for everybody. Saving would add `Vary: Cookie`, and they would be fetched again and again.
        if (request.endpoint or "").endswith("static"):
            return
        # Mostly there is nothing to save, and `Vary` says already what Flask would read it for and add.
        if self.should_set_cookie(app, session) or response.headers.get("Vary") != VARY:
            super().save_session(app, session, response)


def is_this_machine(host: str) -> bool:
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    name = name.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
