"""Through nginx: TLS and HTTP/2, the app's own headers, files that are kept, and what is not passed on."""

import http.client
import io
import re
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

import pycurl
import pytest

from tests.deploy.conftest import Pair
from tests.deploy.nginx import NAME, Front, is_own, nginx
from tests.deploy.visitors import Guest, trusting
from tests.server.running import free_port

pytestmark = pytest.mark.nginx

OF_THE_APP = ("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy")
FOR_A_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Http2:
    """How a browser asks; http.client does not speak it."""

    front: Front

    def get(self, path: str) -> tuple[int, str, bytes]:
        said, body = io.BytesIO(), io.BytesIO()
        curl = pycurl.Curl()
        for option, value in {
            pycurl.URL: f"{self.front.url}{path}",
            pycurl.CAINFO: str(self.front.certificate.ca_file),
            pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_2TLS,
            pycurl.PROXY: "",
            pycurl.TIMEOUT: 30,
            pycurl.HEADERFUNCTION: said.write,
            pycurl.WRITEFUNCTION: body.write,
        }.items():
            curl.setopt(option, value)
        curl.perform()
        status: int = curl.getinfo(pycurl.RESPONSE_CODE)
        curl.close()
        return status, said.getvalue().decode(), body.getvalue()


def test_a_page_comes_over_http2_with_the_headers_of_the_app(front: Front) -> None:
    status, said, body = Http2(front).get("/login")
    assert status == 200
    assert said.startswith("HTTP/2 200")
    assert b'name="csrf_token"' in body
    for name in OF_THE_APP:
        assert len(re.findall(rf"^{name}:", said, re.MULTILINE | re.IGNORECASE)) == 1, name
    assert "strict-transport-security: max-age=63072000" in said
    assert re.search(r"^set-cookie: webpush_session=.*; Secure", said, re.MULTILINE)
    assert "content-encoding" not in said


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_new_tls_alone_is_spoken(front: Front, version: ssl.TLSVersion) -> None:
    context = trusting(front)
    context.maximum_version = version
    connection = http.client.HTTPSConnection(NAME, front.port, context=context, timeout=30)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()


def test_another_name_is_not_served(front: Front) -> None:
    context = trusting(front)
    context.check_hostname = False
    with pytest.raises(ssl.SSLError):
        context.wrap_socket(
            socket.create_connection(("127.0.0.1", front.port), timeout=30), server_hostname="elsewhere.example"
        )
    with Guest(front) as guest, pytest.raises(ConnectionResetError):
        guest.ask("GET", "/login", headers={"Host": "elsewhere.example"})
    plain = http.client.HTTPConnection("127.0.0.1", front.plain_port, timeout=30)
    plain.request("GET", "/", headers={"Host": "elsewhere.example"})
    with pytest.raises(ConnectionResetError):
        plain.getresponse()


def test_plain_http_leads_to_https(front: Front) -> None:
    plain = http.client.HTTPConnection(NAME, front.plain_port, timeout=30)
    plain.request("GET", "/messages?page=2")
    answer = plain.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{NAME}/messages?page=2")
    plain.close()


def test_files_are_kept_for_a_year_and_come_from_nginx(front: Front) -> None:
    with Guest(front) as guest:
        addresses = re.findall(r'(?:href|src)="((?:/bootstrap)?/static/[^"]+)"', guest.get("/login").text)
        kinds = ("/bootstrap/static/", "/static/v-", "/static/css/")
        wanted = [next(one for one in addresses if one.startswith(kind)) for kind in kinds]
        for address in wanted:
            first, second = (guest.get(address.replace("&amp;", "&")) for _ in range(2))
            assert first.text == second.text != ""
            for answer in (first, second):
                assert answer.status == 200
                assert answer.headers["Cache-Control"] == FOR_A_YEAR
                assert answer.headers["Content-Security-Policy"]
                assert "Set-Cookie" not in answer.headers
    asked = front.logged(6, "GET /(static|bootstrap)")
    assert [is_own(line) for line in asked] == [False, True] * 3


def test_they_are_there_while_no_server_is(front: Front, pair: Pair) -> None:
    with Guest(front) as guest:
        address = _style_sheet(guest)
        style = guest.get(address).text
    folder = front.folder
    front.process.terminate()
    front.process.wait(timeout=30)
    with nginx(folder, [free_port(), free_port()]) as alone, Guest(alone) as guest:
        assert guest.get(address).text == style
        assert guest.get("/login").status == 503


def test_a_file_that_is_asked_for_by_an_older_name_is_kept_nowhere(front: Front) -> None:
    with Guest(front) as guest:
        path = _style_sheet(guest).partition("?")[0]
        for address in (f"{path}?v=000000000000", path) * 2:
            assert guest.get(address).headers["Cache-Control"] == "no-cache"
    assert not any(map(is_own, front.logged(4, "GET /static")))


def test_files_are_compressed_and_pages_never(front: Front) -> None:
    with Guest(front) as guest:
        compressed = {"Accept-Encoding": "gzip"}
        address = _style_sheet(guest)
        guest.connection.request("GET", address, headers=compressed)
        answer = guest.connection.getresponse()
        answer.read()
        assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
        assert guest.ask("GET", "/login", headers=compressed).headers["Content-Encoding"] is None


@pytest.mark.parametrize("path", ["/service_worker.js", "/static/service_worker.js", "/static/service_worker.js?v=1"])
def test_the_worker_file_is_kept_nowhere_and_serves_the_whole_site(front: Front, path: str) -> None:
    with Guest(front) as guest:
        for _ in range(2):
            answer = guest.get(path)
            assert answer.status == 200
            assert answer.headers["Cache-Control"] == "no-cache"
            assert answer.headers["Service-Worker-Allowed"] == "/"
    assert not any(map(is_own, front.logged(2, "service_worker")))


def test_what_is_too_large_is_refused_in_the_words_of_whoever_asked(front: Front) -> None:
    with Guest(front) as guest:
        by_the_app = guest.post("/login", username="x" * 70_000)
        assert by_the_app.status == 413
        assert "too large" in by_the_app.text
    with Guest(front) as guest:
        assert guest.ask("POST", "/login", b"x" * 200_000).status == 413
    with Guest(front) as guest:
        program = guest.ask("POST", "/api/push-subscriptions", b"x" * 200_000)
        assert program.status == 413
        assert '"code":"request_entity_too_large"' in program.text
    # What is far too large the app never hears of.
    assert sorted(is_own(line) for line in front.logged(3, "POST")) == [False, True, True]


def test_figures_are_for_this_machine_alone(front: Front) -> None:
    with Guest(front, comes_from="127.0.0.2") as guest:
        assert guest.get("/metrics").status == 403
    with Guest(front) as guest:
        assert "METRICS_TOKEN" in guest.get("/metrics").text  # the app asks for it
    lines = front.logged(2, "/metrics")
    assert {line.split()[0]: is_own(line) for line in lines} == {"127.0.0.2": True, "127.0.0.1": False}


def test_nothing_private_is_written_down(front: Front, pair: Pair, tmp_path: Path) -> None:
    paths = [
        "/first-admin/Tok3nOfTheFirstAdmin",
        "/user/susan?secret=1",
        "/send_message/susan",
        "/login?next=/messages",
    ]
    with Guest(front) as guest:
        for path in paths:
            guest.get(path)
    with nginx(tmp_path / "alone", [free_port(), free_port()]) as alone, Guest(alone) as guest:
        assert guest.get(paths[0]).status == 503
        front.logged(1, "GET /first-admin HTTP/1.1")
        alone.logged(1, "GET /first-admin HTTP/1.1")
        written = front.log() + front.log("error") + alone.log() + alone.log("error")
    assert [text for text in ("Tok3n", "susan", "secret", "next") if text in written] == []


def _style_sheet(guest: Guest) -> str:
    found = re.search(r'href="(/static/css/site\.css\?v=[0-9a-f]+)"', guest.get("/login").text)
    assert found
    return found.group(1)
