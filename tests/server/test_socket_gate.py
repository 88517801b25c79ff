"""Who may have a socket: this site's own pages, in a live login session. Others are refused before the upgrade."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engine.processes import descendants
from tests.notifications.live_page import PATH, QUERY, live_page, opened
from tests.server.crowd import Place, place
from tests.server.running import running
from tests.server.upgrades import ask, upgrade
from tests.server.visitors import Prober, Visitor
from webpush_app.notifications.sockets import JOIN_WITHIN_SECONDS, MOST_OF_A_SESSION

MOST_GROWTH_KILOBYTES = 8 * 1024


# A test that ends a session, or opens many sockets in it, has a person of its own: others must find theirs as it was.
@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, password_hash: str) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("gate"), password_hash, "susan", "john", "mary", "leaver", "collector") as made:
        yield made


def test_only_a_websocket_upgrade_of_the_right_kind_is_served(here: Place) -> None:
    port, cookie = here.server.port, here.cookies["susan"]
    right = upgrade(port, cookie)
    assert ask(port, right).status == 101
    for path in (
        "/socket.io/?EIO=4&transport=polling",
        "/socket.io/?EIO=3&transport=websocket",
        "/socket.io/?transport=websocket",
        f"{PATH}&sid=AAAA",
        f"{PATH}&transport=polling",
        "/socket.io/",
        "/socket.io/?" + "a=1&" * 50 + QUERY,
    ):
        assert ask(port, right, path=path).status == 400, path
    for changed in (
        {"Upgrade": None},
        {"Upgrade": "h2c"},
        {"Connection": "keep-alive"},
        {"Sec_WebSocket_Version": "8"},
        {"Sec_WebSocket_Key": None},
        {"Sec_WebSocket_Key": "short"},
        {"Sec_WebSocket_Key": "ключ".encode().decode("latin-1")},
    ):
        assert ask(port, upgrade(port, cookie, **changed)).status == 400, changed
    for method in ("POST", "PUT", "OPTIONS", "HEAD"):
        assert ask(port, right, method=method, body=b"40/notifs," if method == "POST" else None).status == 400, method
    for path in ("/socket.io", "/socket.io/more", "/socket.iox"):
        assert ask(port, right, path=f"{path}?{QUERY}").status == 404, path


def test_a_refusal_ends_its_connection(here: Place) -> None:
    port, cookie = here.server.port, here.cookies["susan"]
    for headers in (upgrade(port, cookie, Upgrade=None), upgrade(port, cookie, Origin=None), upgrade(port)):
        answer = ask(port, {**headers, "Connection": "keep-alive, Upgrade"})
        assert (answer.status, answer.getheader("Connection")) in [(400, "close"), (403, "close"), (401, "close")]


def test_only_our_own_pages_may_ask(here: Place) -> None:
    port, cookie = here.server.port, here.cookies["susan"]
    for origin in (
        None,
        "",
        "null",
        "http://evil.example",
        f"http://localhost:{port}.evil.example",
        f"http://localhost:{port + 1}",
        f"http://127.0.0.1:{port}",
        f"http://localhost:{port}/",
        f"file://localhost:{port}",
    ):
        assert ask(port, upgrade(port, cookie, Origin=origin)).status == 403, origin


def test_only_who_is_signed_in_may(here: Place) -> None:
    port, cookie = here.server.port, here.cookies["leaver"]
    head, _, tail = cookie.partition(".")
    for wrong in (None, "", "x", f"{head}.{tail[::-1]}", cookie[:-2], "\xff" * 50):
        answer = ask(port, upgrade(port, wrong))
        assert answer.status == 401, wrong
        assert answer.getheader("Cache-Control") == "no-store"
        assert answer.getheader("Set-Cookie") is None
    with here.visitors("leaver") as [leaver], Visitor(port) as other:
        other.cookie = leaver.cookie
        assert other.post("/logout", csrf_token=other.token()).status == 302
        assert ask(port, upgrade(port, cookie)).status == 401


def test_a_browser_has_room_for_twenty(here: Place) -> None:
    port, cookie = here.server.port, here.cookies["collector"]
    with ExitStack() as stack:
        pages = [stack.enter_context(live_page(port, cookie)) for _ in range(MOST_OF_A_SESSION)]
        answer = ask(port, upgrade(port, cookie))
        assert (answer.status, answer.getheader("Retry-After")) == (429, "5")
        pages[0].connection.close()
        with opened(port, cookie) as page:
            page.join()


@pytest.mark.alone
def test_bad_handshakes_leave_nothing_behind(here: Place) -> None:
    port, cookie = here.server.port, here.cookies["john"]
    processes = [here.server.process.pid, *descendants(here.server.process.pid)]
    bad = [
        upgrade(port, cookie, Origin="http://evil.example"),
        upgrade(port, cookie, Origin=None),
        upgrade(port, "forged"),
        upgrade(port),
        upgrade(port, cookie, Sec_WebSocket_Key="x"),
    ]
    ask(port, bad[0])
    threads, files, said = _threads(processes), _files(processes), len(here.server.lines)
    memory = _kilobytes(processes)
    with live_page(port, cookie) as page, Prober(port) as prober:
        for number in range(200):
            assert ask(port, bad[number % len(bad)]).status in (400, 401, 403)
        assert page.hears_nothing(0.1)
    assert prober.statuses == {200}
    assert prober.p95_seconds < 0.25
    assert _threads(processes) <= threads
    assert _files(processes) <= files + 2  # the connection that still ends, and the one that asks
    assert _kilobytes(processes) < memory + MOST_GROWTH_KILOBYTES
    assert here.server.lines[said:] == []


def test_whose_it_is_does_not_change_with_what_is_said(here: Place) -> None:
    """Neither in the address, nor in a header, nor in what a page sends when it joins."""
    port, cookie = here.server.port, here.cookies["mary"]
    mary = here.rows("SELECT id FROM users WHERE username = 'mary'")[0][0]
    susan = here.rows("SELECT id FROM users WHERE username = 'susan'")[0][0]
    with opened(port, cookie) as page:
        page.join({"since": 0, "user": susan, "room": f"user_{susan}", "token": "x"})
        assert page.event() == ("response", {"meta": "WS connected", "user": str(mary)})
    for packet in (f'42/notifs,["join","user_{susan}"]', f"40/user_{susan},", "40/admin,", "40/notifs?user=1,", "40"):
        with opened(port, cookie) as page:
            page.say(packet)
            assert page.is_closed_within(), packet


def test_who_is_let_in_and_never_joins_is_sent_away(here: Place) -> None:
    with opened(here.server.port, here.cookies["mary"]) as page:
        assert page.hears_nothing(JOIN_WITHIN_SECONDS - 5)
        assert page.is_closed_within(10)


def test_without_sockets_the_address_is_unknown(tmp_path: Path, password_hash: str) -> None:
    with running(tmp_path, INTEGRATE_SOCKETIO="false") as server:
        with Visitor(server.port) as visitor:
            unknown = visitor.get("/socket.io-is-no-page").status
            assert visitor.get(PATH).status == unknown == 404
            assert ask(server.port, upgrade(server.port)).status == 404
            assert "webpush_sockets" not in visitor.get("/metrics").text
        assert not (tmp_path / "live").exists()


def _threads(processes: list[int]) -> int:
    return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in processes)


def _files(processes: list[int]) -> int:
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in processes)


def _kilobytes(processes: list[int]) -> int:
    lines = [line for pid in processes for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
