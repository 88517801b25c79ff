"""What only the transport over Requests has: how Requests is asked, and what its own errors mean."""

import socket
from collections.abc import Iterator

import pytest
import requests
import responses

from tests.protocol.conftest import HOST, SECRET, ask, request_to
from webpush_app.protocol.requests_transport import RequestsTransport
from webpush_app.protocol.transport import Answer, NoAnswer, Request, Trouble

URL = request_to().url


@pytest.fixture
def transport() -> Iterator[RequestsTransport]:
    transport = RequestsTransport(resolve=lambda _host, _port: pytest.fail("a name was looked up"))
    yield transport
    transport.close()


@responses.activate
def test_a_push_is_posted_through_requests(transport: RequestsTransport) -> None:
    responses.post(URL, status=201, headers={"Location": "https://example.org/m/1", "X-Odd": "Yes"})
    [answer] = ask(transport)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body, answer.is_cut) == (201, b"", False)
    assert answer.headers["location"] == "https://example.org/m/1"
    assert answer.headers["x-odd"] == "Yes"
    [call] = responses.calls
    assert call.request.method == "POST"
    assert call.request.body == b"x" * 100
    assert dict(call.request.headers) == {
        "User-Agent": "webpush",
        "Accept-Encoding": "identity",
        "TTL": "60",
        "Authorization": "vapid t=a,k=b",
        "Content-Length": "100",
    }


@responses.activate
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(transport: RequestsTransport, status: int) -> None:
    responses.post(URL, status=status, headers={"Location": "https://evil.com/"})
    [answer] = ask(transport)
    assert isinstance(answer, Answer)
    assert answer.status == status
    assert len(responses.calls) == 1


@responses.activate
def test_cookies_are_thrown_away(transport: RequestsTransport) -> None:
    responses.post(URL, status=201, headers={"Set-Cookie": "tracked=1; Path=/; Secure"})
    ask(transport, request_to(), request_to())
    assert [call.request.headers.get("Cookie") for call in responses.calls] == [None, None]


@responses.activate
def test_an_answer_is_cut(transport: RequestsTransport) -> None:
    responses.post(URL, status=200, body=b"y" * 100_000)
    [answer] = ask(transport)
    assert isinstance(answer, Answer)
    assert (answer.body, answer.is_cut) == (b"y" * 8192, True)


@responses.activate
@pytest.mark.parametrize(
    ("problem", "trouble"),
    [
        (requests.ConnectionError(f"Max retries exceeded with url: /wpush/v2/{SECRET}"), Trouble.RESET),
        (requests.ReadTimeout(SECRET), Trouble.TIMEOUT),
        (requests.ConnectTimeout(SECRET), Trouble.TIMEOUT),
        (requests.exceptions.SSLError(SECRET), Trouble.TLS),
        (ConnectionResetError(104, f"reset {SECRET}"), Trouble.RESET),
        (TimeoutError(SECRET), Trouble.TIMEOUT),
        (requests.exceptions.InvalidHeader(SECRET), Trouble.BAD_ANSWER),
        (ValueError(SECRET), Trouble.BAD_ANSWER),
    ],
)
def test_errors_become_values_that_tell_no_secret(
    transport: RequestsTransport, problem: Exception, trouble: Trouble
) -> None:
    responses.post(URL, body=problem)
    [answer] = ask(transport)
    assert isinstance(answer, NoAnswer)
    assert answer.trouble is trouble
    assert SECRET not in answer.detail


@responses.activate
def test_a_mistake_of_ours_is_not_hidden(transport: RequestsTransport) -> None:
    responses.post(URL, body=KeyError("a mistake"))
    with pytest.raises(KeyError, match="a mistake"):
        ask(transport)


@pytest.mark.parametrize(
    "url", ["http://fcm.googleapis.com/x", "ftp://fcm.googleapis.com/x", "/x", "", "https://", "https://[/"]
)
def test_what_is_no_https_address_is_not_called(transport: RequestsTransport, url: str) -> None:
    [answer] = ask(transport, Request(url, {}, b"x"))
    assert isinstance(answer, NoAnswer)
    assert answer.trouble is Trouble.ADDRESS_REFUSED


@pytest.mark.parametrize("headers", [{"Topic": "a\r\nX: y"}, {"To pic": "a"}, {"Topic": "수"}])
def test_a_header_that_cannot_be_sent_is_not_sent(headers: dict[str, str]) -> None:
    transport = RequestsTransport(
        rule=lambda _address: True, resolve=lambda _host, _port: [(socket.AF_INET, ("127.0.0.1", 9))]
    )
    [answer] = ask(transport, Request(f"https://{HOST}/x", headers, b"x"))
    transport.close()
    assert isinstance(answer, NoAnswer)
    assert answer.trouble in (Trouble.BAD_ANSWER, Trouble.REFUSED)
