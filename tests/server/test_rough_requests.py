"""What no browser would send: it is refused, and nobody else notices."""

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.crowd import Place, badge, place
from tests.server.visitors import Visitor

MEGABYTE = b"x" * 1_000_000
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ROUGH = [
    b"this is not http at all\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: " + b"a" * 20_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: 1\r\n" * 500 + b"\r\n",
    b"BREW /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nConnection: close\r\n\r\nusername=",
    b"GET /%00%ff%fe/..%2f..%2fetc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET /people?page=\xff\xfe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: webpush_session=\xff;;=;\x01\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: \x00\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Language: " + b"x;q=9," * 500 + b"\r\nConnection: close\r\n\r\n",
    b"POST /api/none HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{",  # and the rest never comes
]


@pytest.fixture
def here(tmp_path: Path, password_hash: str) -> Iterator[Place]:
    with place(tmp_path, password_hash, "susan", "john") as made:
        yield made


def test_a_body_of_a_megabyte_is_refused_over_the_real_socket(here: Place) -> None:
    with here.visitors("susan") as [susan]:
        for _ in range(2):
            answer = susan.ask("POST", "/send_message/john", b"message=" + MEGABYTE, FORM)
            assert answer.status == 413
            assert "too large" in answer.text
            # The connection goes on, or was closed in the open: http.client then makes a new one.
            assert susan.get("/healthz").status == 200


def test_two_hundred_rough_requests_disturb_nobody(here: Place) -> None:
    with here.visitors("susan", "john") as [susan, john]:
        token = john.token()
        for number in range(200):
            status = send_roughly(here.server.port, ROUGH[number % len(ROUGH)])
            assert status is None or status < 500, ROUGH[number % len(ROUGH)][:80]
            if number % 50 == 0:
                assert john.post("/send_message/susan", csrf_token=token, message=f"Hello {number}").status == 302
        assert badge(susan.get("/people")) == 4
        with Visitor(here.server.port) as stranger:
            assert stranger.get("/").status == 200


def send_roughly(port: int, request: bytes) -> int | None:
    """The status that is answered; None where the server only hangs up, or waits for the rest."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        response = http.client.HTTPResponse(connection)
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            response.begin()
            return response.status
        except (http.client.HTTPException, OSError):
            return None
        finally:
            response.close()
