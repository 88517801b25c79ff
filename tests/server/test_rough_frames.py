"""What no page would send over its socket: it is closed, nobody else notices, and nothing of it is written down."""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle

import pytest

from tests.notifications.live_page import PATH, Closed, LivePage, live_page, opened
from tests.server.crowd import Place, place
from tests.server.upgrades import upgrade
from tests.server.visitors import Prober
from webpush_app.notifications.sockets import MOST_OF_A_SESSION
from webpush_app.notifications.wire import LONGEST_MESSAGE

SECRET = "geheim-Q7xZ"
# A browser may open so many sockets in a row and no more: these take turns.
SUSANS = [f"susan{number}" for number in range(8)]
WORDS: list[str | bytes] = [
    f'42/notifs,["{SECRET}",1]',
    f'42["{SECRET}"]',
    '42/notifs,7["message"]',
    '43/notifs,1["ack"]',
    '45/notifs,1-["file",{"_placeholder":true,"num":0}]',
    "451-",
    "44/notifs,{}",
    "41/notifs,",
    "41",
    "4",
    "49",
    "40/notifs,[1]",
    "40/notifs,{",
    "40/notifs,x{}",
    "40/notifs,7{}",
    "40/notifs,{}x",
    "40/notifs,{x}",
    '40/notifs,{"since":1,}',
    '40/notifs,{"since":' + "[" * 3000,
    '40/notifs,{"since":' + "1" * 4000,
    "40/notifs\u202e,",
    "2probe",
    "5",
    "6",
    "1",
    "0{}",
    "3probe",
    "",
    "bAAAA",
    "x" + SECRET,
    "💥" * 1000,
    b"\x00\x01\x02",
    b"40/notifs,",
    SECRET * 1500,  # 16 KiB and more
    "40/notifs," + '{"since":"' + "1" * 16_384 + '"}',
    "a" * 1_000_000,
]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, password_hash: str) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("frames"), password_hash, *SUSANS, "john") as made:
        yield made
        assert "geheim" not in made.server.output


def test_words_that_no_page_says_close_the_socket(here: Place) -> None:
    port, cookies = here.server.port, cycle(here.cookies[name] for name in SUSANS)
    said = len(here.server.lines)
    with live_page(port, here.cookies["john"]) as johns:
        for words in WORDS:
            for has_joined in (False, True):
                with opened(port, next(cookies)) as page:
                    if has_joined:
                        page.join()
                    assert closes(page, words), words
        assert johns.hears_nothing(0.2)
    with live_page(port, next(cookies)) as page:
        assert page.hears_nothing(0.2)
    assert here.server.lines[said:] == []


def test_a_message_as_long_as_may_be_is_read(here: Place) -> None:
    with opened(here.server.port, here.cookies[SUSANS[0]]) as page:
        begin, end = '40/notifs,{"since":0,"x":"', '"}'
        page.say(begin + "x" * (LONGEST_MESSAGE - len(begin) - len(end)) + end)
        assert page.hear().startswith("40/notifs,")


def test_joining_twice_closes_the_socket(here: Place) -> None:
    with opened(here.server.port, here.cookies[SUSANS[0]]) as page:
        page.join()
        page.say("40/notifs,")
        assert page.is_closed_within()


def frame(first: int, payload: bytes = b"", *, mask: bytes | None = b"abcd", length: int | None = None) -> bytes:
    size = len(payload) if length is None else length
    bit = 0x80 if mask else 0
    head = bytes([first, bit | size]) if size < 126 else bytes([first, bit | 127]) + struct.pack("!Q", size)
    masked = (
        bytes(byte ^ (mask or b"\0")[at % len(mask or b"0")] for at, byte in enumerate(payload)) if mask else payload
    )
    return head + (mask or b"") + masked


FRAMES = [
    frame(0x81, b"3", mask=None),  # not masked
    frame(0xC1, b"3"),  # compressed, which was not agreed on
    frame(0x83, b"3"),  # no such kind
    frame(0x80, b"3"),  # goes on with nothing
    frame(0x01, b"4") + frame(0x81, b"0"),  # a message within another
    frame(0x81, b"\xff\xfe"),  # no text
    frame(0x89, b"x" * 126),  # a ping that is too long
    frame(0x09, b"x"),  # a ping in parts
    frame(0x81, b"x" * 5000, length=2**40),
    b"".join([frame(0x01, b"40"), *[frame(0x00, b"x" * 100) for _ in range(100)]]),
    frame(0x89, b"x") * 5000,  # pings without end
    frame(0x00) * 5000,
    frame(0x81, b"3") * 5000,  # pongs without end
    frame(0x88, struct.pack("!H", 1000)),
    frame(0x88, b"\x00"),
    b"GET / HTTP/1.1\r\n\r\n",
    os.urandom(20_000),
]


@pytest.mark.alone
def test_frames_that_are_none_close_the_socket(here: Place) -> None:
    port, said = here.server.port, len(here.server.lines)
    with live_page(port, here.cookies["john"]) as johns, Prober(port) as prober:
        for number, sent in enumerate(FRAMES):
            with upgraded(port, here.cookies[SUSANS[number % len(SUSANS)]]) as connection:
                connection.settimeout(2)
                send(connection, sent)
                assert ends(connection), number
        assert johns.hears_nothing(0.2)
    assert prober.p95_seconds < 0.25
    assert here.server.lines[said:] == []


def test_who_goes_away_without_a_word_is_forgotten(here: Place) -> None:
    port, cookie = here.server.port, here.cookies["john"]
    for _ in range(MOST_OF_A_SESSION + 2):
        with upgraded(port, cookie) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
    with live_page(port, cookie) as page:
        assert page.hears_nothing(0.1)


def closes(page: LivePage, words: str | bytes) -> bool:
    try:
        page.say(words)
        return page.is_closed_within()
    except Closed:
        return True


@contextmanager
def upgraded(port: int, cookie: str) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        lines = [f"GET {PATH} HTTP/1.1", *(f"{name}: {value}" for name, value in upgrade(port, cookie).items())]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        assert connection.recv(12) == b"HTTP/1.1 101"
        yield connection


def send(connection: socket.socket, sent: bytes) -> None:
    with suppress(OSError):  # closed already
        connection.sendall(sent)


def ends(connection: socket.socket) -> bool:
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True
