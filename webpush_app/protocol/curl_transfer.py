"""One request on its way through libcurl, and what comes back of it. They are used again and again: what never changes
is set once."""

import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pycurl

from webpush_app.protocol.hosts import Call, Host, Place
from webpush_app.protocol.names import HTTPS_PORT
from webpush_app.protocol.transport import MAX_ANSWER_BYTES, AddressRule, Answer, NoAnswer, Trouble

MAX_HEAD_BYTES = 16 * 1024
LATE = "no whole answer before the deadline"

_STOP = -1  # not the number of bytes that libcurl handed over, whatever that was


class CannotBeSent(ValueError):
    pass


class Transfer:
    call: Call

    def __init__(self, rule: AddressRule, ca_file: str) -> None:
        self.easy = pycurl.Curl()
        self._set = self.easy.setopt
        self._rule = rule
        self._body = b""
        self._port = HTTPS_PORT
        self._is_multiplexed = self._is_fresh = self._is_news = False
        for option, value in _OPTIONS.items():
            self._set(option, value)
        self._set(pycurl.CAINFO, ca_file)
        self._set(pycurl.READFUNCTION, self._read)
        self._set(pycurl.HEADERFUNCTION, self._take_head)
        self._set(pycurl.WRITEFUNCTION, self._take_piece)
        self._set(pycurl.OPENSOCKETFUNCTION, self._open)

    def prepare(self, call: Call, place: Place) -> None:
        self.call = call
        self._head: list[bytes] = []
        self._pieces: list[bytes] = []
        self._head_bytes = self._piece_bytes = 0
        self._refused = ""
        request = call.request
        self._body = request.body
        self._set(pycurl.HTTPHEADER, _lines(request.headers, len(request.body)))
        self._set(pycurl.URL, request.url)
        self._set(pycurl.POSTFIELDSIZE, len(request.body))
        self._set(pycurl.TIMEOUT_MS, max(1, round((call.ends_at - time.monotonic()) * 1000)))
        self._prepare_connection(call.host, place)

    def _prepare_connection(self, host: Host, place: Place) -> None:
        """What hardly ever changes."""
        if self._is_multiplexed != (host.http == 2):
            self._is_multiplexed = host.http == 2
            # Rather a stream of a connection that is being made than another connection. Only where HTTP/2 is spoken:
            # who waits so for a connection that turns out to be HTTP/1.1 waits until somebody else is answered.
            self._set(pycurl.PIPEWAIT, int(self._is_multiplexed))
        if self._is_fresh or host.flying == 0:
            self._is_fresh = host.has_hung_up()
            self._set(pycurl.FRESH_CONNECT, int(self._is_fresh))
        if self._port != place.port:
            self._port = place.port
            self._set(pycurl.CONNECT_TO, [f":::{place.port}"])
        if self._is_news:  # libcurl would take it for news each time
            self._is_news = False
            self.easy.unsetopt(pycurl.RESOLVE)
        if not place.is_told:
            place.is_told = self._is_news = True
            self._set(pycurl.RESOLVE, [f"{host.name}:{place.port}:{','.join(place.addresses)}"])

    @property
    def http(self) -> int:
        """The version that was answered in; 0 without an answer."""
        return 0 if not self._head else 2 if self._head[0].startswith(b"HTTP/2") else 1

    @property
    def connection(self) -> int | None:
        """On which libcurl has sent it."""
        return None if self._body else int(self.easy.getinfo(pycurl.CONN_ID))

    @property
    def is_cut(self) -> bool:
        """More was coming than is kept; what is left of it may still be on its way."""
        return self._piece_bytes > MAX_ANSWER_BYTES

    def answer(self, code: int) -> Answer | NoAnswer:
        """What libcurl's code means, 0 being that nothing went wrong. Its words are left out: some repeat the URL."""
        if code == 0 or self.is_cut:
            body = b"".join(self._pieces)[:MAX_ANSWER_BYTES]
            return Answer(self.easy.getinfo(pycurl.RESPONSE_CODE), _Headers(self._head), body, self.is_cut)
        if self._refused:
            return NoAnswer(Trouble.ADDRESS_REFUSED, f"{self._refused} is not an address that may be called")
        trouble, detail = _TROUBLES.get(code, _OTHER_TROUBLE)
        return NoAnswer(trouble, f"{detail} (libcurl {code})")

    def _read(self, size: int) -> bytes:
        """There is no way back to the beginning: libcurl must not send a request again that may have arrived."""
        body, self._body = self._body[:size], self._body[size:]
        return body

    def _take_head(self, line: bytes) -> int | None:
        if line.startswith(b"HTTP/"):
            self._head.clear()  # what came before was only provisional
        self._head_bytes += len(line)
        self._head.append(line)
        return _STOP if self._head_bytes > MAX_HEAD_BYTES else None

    def _take_piece(self, piece: bytes) -> int | None:
        self._piece_bytes += len(piece)
        self._pieces.append(piece)
        return _STOP if self._piece_bytes > MAX_ANSWER_BYTES else None

    def _open(self, _purpose: int, address: Any) -> int:
        """The last look at an address, right before it is connected to."""
        if not self._rule(address.addr[0]):
            self._refused = address.addr[0]
            return int(pycurl.SOCKET_BAD)
        return socket.socket(address.family, address.socktype, address.protocol).detach()


class _Headers(Mapping[str, str]):
    """Read only when somebody asks for one, which nobody does when a push was accepted."""

    __slots__ = ("_lines", "_read")

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines
        self._read: dict[str, str] | None = None

    def __getitem__(self, name: str) -> str:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return repr(self._all())

    def _all(self) -> dict[str, str]:
        if self._read is None:
            self._read = {}
            for line in self._lines:
                name, colon, value = line.decode("latin-1").partition(":")
                if colon:
                    name, value = name.strip().lower(), value.strip()
                    self._read[name] = f"{self._read[name]}, {value}" if name in self._read else value
        return self._read


def _lines(headers: Mapping[str, str], body_bytes: int) -> list[str]:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    text = "".join(lines)
    if not text.isascii() or "\n" in text or "\r" in text or "\0" in text:
        raise CannotBeSent
    if "Content-Type" not in headers:
        lines.append("Content-Type:")  # without a value: libcurl would send one by itself
    if body_bytes > _EXPECTS_ABOVE_BYTES:
        lines.append("Expect:")
    return lines


_EXPECTS_ABOVE_BYTES = 1_000_000
"""Before a body that is longer than a MiB, libcurl would ask whether it may send it."""

_OPTIONS: dict[int, object] = {
    pycurl.NOSIGNAL: 1,
    pycurl.PROTOCOLS: pycurl.PROTO_HTTPS,
    pycurl.PROXY: "",  # none from the environment either
    pycurl.NOPROXY: "*",
    pycurl.FOLLOWLOCATION: 0,
    pycurl.NETRC: pycurl.NETRC_IGNORED,
    pycurl.SSL_VERIFYPEER: 1,
    pycurl.SSL_VERIFYHOST: 2,
    pycurl.SSLVERSION: pycurl.SSLVERSION_TLSv1_2,
    pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_2TLS,
    pycurl.HTTP09_ALLOWED: 0,
    pycurl.PATH_AS_IS: 1,
    pycurl.USERAGENT: "webpush",
    pycurl.POST: 1,
    pycurl.SEEKFUNCTION: lambda _offset, _origin: pycurl.SEEKFUNC_FAIL,
}

_RESET = (Trouble.RESET, "the connection ended before the answer did")
_NO_TRUST = (Trouble.TLS, "no trust in the connection")
_OTHER_TROUBLE = (Trouble.BAD_ANSWER, "what came was no HTTP answer")
_TROUBLES: dict[int, tuple[Trouble, str]] = {
    pycurl.E_OPERATION_TIMEDOUT: (Trouble.TIMEOUT, LATE),
    pycurl.E_COULDNT_RESOLVE_HOST: (Trouble.DNS, "no address"),
    pycurl.E_COULDNT_CONNECT: (Trouble.REFUSED, "no connection"),
    pycurl.E_URL_MALFORMAT: (Trouble.ADDRESS_REFUSED, "only https addresses are called"),
    pycurl.E_SSL_CONNECT_ERROR: _NO_TRUST,
    pycurl.E_PEER_FAILED_VERIFICATION: _NO_TRUST,
    pycurl.E_SSL_CACERT_BADFILE: _NO_TRUST,
    pycurl.E_SEND_ERROR: _RESET,
    pycurl.E_RECV_ERROR: _RESET,
    pycurl.E_GOT_NOTHING: _RESET,
    pycurl.E_PARTIAL_FILE: _RESET,
    pycurl.E_SEND_FAIL_REWIND: _RESET,
    92: _RESET,  # a stream of HTTP/2 was reset; pycurl has no name for it
}
