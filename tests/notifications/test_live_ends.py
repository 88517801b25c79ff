"""Sockets end with the login session they came with, here and elsewhere, and with no other."""

from sqlalchemy import text

from tests.accounts.steps import NEW_PASSWORD
from tests.databases import Database
from tests.notifications.live_page import GONE_WITHIN_SECONDS, cookie_of, live_page
from tests.people import PASSWORD, Browser, People
from tests.server.running import Server
from tests.server.visitors import Visitor
from webpush_app.notifications.hearing import SWEEP_EVERY_SECONDS

FAREWELL = ["41/notifs,"]  # the client's library does not come back by itself after it


def test_signing_out_closes_the_sockets_of_this_browser_alone(
    server: Server, people: People, susan: Browser, john: Browser
) -> None:
    elsewhere = people.browser("susan")
    with (
        Visitor(server.port, cookie_of(susan)) as visitor,
        live_page(server.port, visitor.cookie) as page,
        live_page(server.port, visitor.cookie) as tab,
        live_page(server.port, cookie_of(elsewhere)) as other,
        live_page(server.port, cookie_of(john)) as johns,
    ):
        assert visitor.post("/logout", csrf_token=visitor.token()).status == 302
        assert page.last_words() == tab.last_words() == FAREWELL
        assert other.hears_nothing()
        assert johns.hears_nothing()


def test_a_session_that_is_ended_by_another_process_closes_its_sockets(
    server: Server, people: People, susan: Browser
) -> None:
    elsewhere = people.browser("susan")
    with live_page(server.port, cookie_of(susan)) as page, live_page(server.port, cookie_of(elsewhere)) as other:
        susan.submit("/logout", form_at="/edit_profile")
        assert page.last_words() == FAREWELL
        assert other.hears_nothing()
        elsewhere.submit("/sessions/end-all", form_at="/user/susan")
        assert other.last_words() == FAREWELL


def test_a_new_password_closes_every_socket_and_the_new_session_may_have_one(
    server: Server, people: People, susan: Browser
) -> None:
    elsewhere = people.browser("susan")
    with live_page(server.port, cookie_of(susan)) as page, live_page(server.port, cookie_of(elsewhere)) as other:
        fields = {"old_password": PASSWORD, "password": NEW_PASSWORD, "password2": NEW_PASSWORD}
        assert susan.submit("/change_password", fields).status_code == 302
        assert page.last_words() == other.last_words() == FAREWELL
        with live_page(server.port, cookie_of(susan)) as again:
            assert again.hears_nothing()


def test_a_new_password_also_closes_those_whose_session_had_lapsed(
    server: Server, people: People, susan: Browser, database: Database
) -> None:
    """Nobody knows the ids of those any more: their rows may be gone."""
    elsewhere = people.browser("susan")
    with live_page(server.port, cookie_of(elsewhere)) as other:
        with database.elsewhere() as connection:
            connection.execute(text("DELETE FROM login_sessions WHERE id = (SELECT max(id) FROM login_sessions)"))
            connection.commit()
        assert other.hears_nothing()
        assert susan.submit("/sessions/end-others", form_at="/edit_profile").status_code == 302
        assert other.last_words() == FAREWELL


def test_sessions_that_vanish_in_silence_are_noticed_by_a_look(
    server: Server, people: People, susan: Browser, database: Database
) -> None:
    lapsing, staying = people.browser("susan"), people.browser("susan")
    with (
        live_page(server.port, cookie_of(susan)) as gone,
        live_page(server.port, cookie_of(lapsing)) as lapsed,
        live_page(server.port, cookie_of(staying)) as stays,
    ):
        with database.elsewhere() as connection:
            first = "(SELECT min(id) FROM login_sessions)"
            connection.execute(text(f"DELETE FROM login_sessions WHERE id = {first}"))
            connection.execute(text(f"UPDATE login_sessions SET expires_at = '2020-01-01 00:00:00' WHERE id = {first}"))
            connection.commit()
        assert gone.last_words(SWEEP_EVERY_SECONDS + GONE_WITHIN_SECONDS) == FAREWELL
        assert lapsed.last_words() == FAREWELL
        assert stays.hears_nothing()
