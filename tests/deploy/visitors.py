"""Visitors who come through nginx, by https."""

import http.client
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from websockets.sync.client import connect
from websockets.typing import Origin

from tests.deploy.nginx import NAME, Front
from tests.notifications.live_page import PATH, LivePage
from tests.server.visitors import COOKIE, Answer, Visitor


def trusting(front: Front) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(front.certificate.ca_file))


class Guest(Visitor):
    """On one kept-alive connection; `comes_from` is another address of this machine."""

    def __init__(self, front: Front, cookie: str = "", *, comes_from: str = "127.0.0.1") -> None:
        super().__init__(front.port, cookie)
        self._url = front.url
        self.connection = http.client.HTTPSConnection(
            NAME, front.port, timeout=60, source_address=(comes_from, 0), context=trusting(front)
        )

    def submit(self, path: str, **fields: str) -> Answer:
        """Open the page of a form and send it."""
        return self.post(path, csrf_token=self.token(path), **fields)

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        """From a page of the site."""
        return super().ask(method, path, body, {"Referer": f"{self._url}/", **(headers or {})})


@contextmanager
def live_guest(front: Front, cookie: str) -> Iterator[LivePage]:
    """Joined, and greeted."""
    with connect(
        f"wss://{NAME}:{front.port}{PATH}",
        ssl=trusting(front),
        origin=Origin(front.url),
        additional_headers={"Cookie": f"{COOKIE}={cookie}"},
    ) as connection:
        page = LivePage(connection)
        assert page.hear().startswith('0{"sid":')
        assert page.join().event()[0] == "response"
        yield page
