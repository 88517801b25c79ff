"""Push services want to know whom to reach: until an admin gives an address, everything waits, and the pages say so."""

import time
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.broadcasts import page
from tests.broadcasts.delivery import Delivery
from tests.broadcasts.site import Site
from tests.conftest import AppMaker
from tests.databases import Database
from tests.people import Browser, csrf_token
from tests.push.service import PushService
from webpush_app.broadcasts.service import Progress
from webpush_app.delivery.doorbell import Doorbell
from webpush_app.delivery.models import Lane, State
from webpush_app.delivery.outbox import pushes_due
from webpush_app.subscriptions import keyring

MISSING = "data-push-missing"
WORDS = "Notifications wait until the admin of this site has given a contact address."
ASKED = "A contact address is missing"
ADDRESS = "ops@example.com"
NOT_REAL = "Please give a real e-mail address, such as ops@example.com."


@pytest.fixture
def app(make_app: AppMaker) -> Flask:
    """Nobody has said whom push services may ask."""
    return make_app()


def _give(admin: Browser, address: str) -> int:
    return admin.submit("/admin/contact", {"contact_email": address}, form_at="/admin").status_code


def test_an_admin_is_asked_for_it_and_everybody_is_told(admin: Browser, susan: Browser, stranger: FlaskClient) -> None:
    assert ASKED in admin.get("/admin").text
    assert 'action="/admin/contact"' in admin.get("/admin").text
    for path in ("/", "/user/susan", "/people"):
        for client in (admin.client, susan.client):
            shown = client.get(path).text
            assert MISSING in shown
            assert WORDS in shown
            assert ('<a href="/admin">Give one now</a>' in shown) == (client is admin.client)
    assert MISSING in stranger.get("/").text


def test_once_it_is_given_nobody_is_told_any_more(admin: Browser, susan: Browser, stranger: FlaskClient) -> None:
    clients = (susan.client, stranger, admin.client)
    assert all(MISSING in client.get("/").text for client in clients)
    assert _give(admin, f"  {ADDRESS}\n") == 302
    answer = admin.get("/admin")
    assert page.flash(answer) == "Saved. Pushes can be sent now."
    assert ASKED not in answer.text
    assert not any(MISSING in client.get("/").text for client in clients)
    with susan.client.application.app_context():
        assert keyring.contact() == f"mailto:{ADDRESS}"


def test_another_process_of_the_site_knows_it_at_its_next_page(make_app: AppMaker, admin: Browser) -> None:
    other = make_app().test_client()
    assert MISSING in other.get("/").text
    _give(admin, ADDRESS)
    assert MISSING not in other.get("/").text


def test_where_a_setting_says_it_nobody_is_asked(make_app: AppMaker, admin: Browser) -> None:
    other = make_app(vapid_claim_email="mailto:settings@example.com")
    with admin.client.session_transaction() as session:
        kept = dict(session)
    client = other.test_client()
    with client.session_transaction() as session:
        session.update(kept)
    assert ASKED not in client.get("/admin").text
    assert MISSING not in client.get("/").text


BAD = ("", " ", "ops", "ops@localhost", "ops@127.0.0.1", "mailto:ops@example.com", "a@b", "a b@example.com", "x@y..z")


def test_an_address_that_reaches_nobody_is_refused_with_words(admin: Browser) -> None:
    token = csrf_token(admin.get("/admin"))
    for address in BAD:
        answer = admin.client.post("/admin/contact", data={"csrf_token": token, "contact_email": address})
        words = NOT_REAL if address.strip() else "Please fill this in."
        assert (answer.status_code, page.complaints(answer)) == (422, [words]), address
        assert page.typed(answer, "contact_email") == address.strip()
        assert page.typed(answer, "title") == ""
        assert ASKED in answer.text
    assert MISSING in admin.get("/").text


def test_what_waited_is_let_go(
    site: Site, admin: Browser, push_service: PushService, key: str, delivery: Delivery
) -> None:
    subscribed = push_service.subscribe(key)
    site.browser(given=subscribed.to_json())
    broadcast = site.start()
    site.fan_out()
    assert delivery.run() == 0
    (push,) = site.pushes(broadcast)
    assert (push.state, push.attempts, push.lease_token) == (State.QUEUED, 0, None)
    assert site.progress(broadcast) == Progress(1, accepted=0, failed=0, is_done=False)
    _give(admin, ADDRESS)
    assert delivery.run() == 1
    (received,) = subscribed.received
    assert received.claims.subject == f"mailto:{ADDRESS}"
    assert site.progress(broadcast) == Progress(1, accepted=1, failed=0, is_done=True)


def test_the_worker_hears_of_it_once_it_is_stored(admin: Browser, database: Database, tmp_path: Path) -> None:
    stored: list[list[tuple[str, str]]] = []

    def look(_sender: object) -> None:
        stored.append([*database.rows("SELECT name, value FROM site_facts")])

    doorbell = Doorbell(tmp_path)
    try:
        with pushes_due.connected_to(look):
            _give(admin, "ops@localhost")
            assert stored == []
            _give(admin, ADDRESS)
        began = time.monotonic()
        doorbell.wait(30)
        assert time.monotonic() - began < 15, "nobody rang"
    finally:
        doorbell.close()
    assert stored == [[("contact_email", ADDRESS)]] * len(Lane)
