"""`flask run` serves sockets too, with threads: Werkzeug's server, in this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.engine.processes import wait_until
from tests.notifications.live_page import SOON_SECONDS, cookie_of, live_page
from tests.people import Browser, People
from tests.server.upgrades import ask, upgrade
from webpush_app.notifications import wire
from webpush_app.notifications.waking import LISTENER


@contextmanager
def serving(app: Flask) -> Iterator[int]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        app.extensions[LISTENER].leave()
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_page_hears_its_news_and_leaves_nothing_behind_when_its_session_ends(
    app: Flask, people: People, susan: Browser, john: Browser
) -> None:
    with serving(app) as port:
        assert ask(port, upgrade(port)).status == 401
        with live_page(port, cookie_of(susan)) as page:
            people.write(john.user_id, susan.user_id, "hello")
            assert page.news() == susan.get("/notifications").json
            susan.submit("/logout", form_at="/edit_profile")
            assert page.last_words() == ["41/notifs,"]
        live = app.extensions[LISTENER]
        server = live._socketio.server
        wait_until(lambda: not (server.environ or server.eio.sockets or server.manager.rooms), 10)
        wait_until(lambda: len(live.sockets) == 0, 10)


def test_who_falls_silent_is_closed(app: Flask, susan: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page answers pings, so that one which has gone without a word is noticed."""
    monkeypatch.setattr(wire, "_SILENT_FOR_SECONDS", 1.0)
    with serving(app) as port, live_page(port, cookie_of(susan)) as page:
        assert page.is_closed_within(SOON_SECONDS)
