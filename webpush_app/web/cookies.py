"""The session cookie: sent over https alone, except to this machine itself, which browsers trust without it."""

import ipaddress

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin


class SessionCookie(SecureCookieSessionInterface):
    def get_cookie_secure(self, _app: Flask) -> bool:
        # Behind a proxy that ends TLS the request itself is plain http, so the name asked for decides.
        return request.is_secure or not is_this_machine(request.host)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        # Files are the same for everybody. Saving would add `Vary: Cookie`, and they would be fetched again and again.
        if not (request.endpoint or "").endswith("static"):
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
