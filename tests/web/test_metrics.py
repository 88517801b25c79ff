"""`/metrics`: for this machine itself, for whoever has the token, and for admins; and nobody counts as a visitor."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import AppMaker
from tests.people import Browser, People
from tests.statements import listening
from webpush_app import clock
from webpush_app.accounts.models import LoginSession
from webpush_app.database import begin_write, db
from webpush_app.web import metrics

TOKEN = "scrape-me-every-15-seconds"
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}
NEAR = {"REMOTE_ADDR": "127.0.0.1"}


def bearer(token: str, kind: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"{kind} {token}"}


@pytest.fixture
def app(make_app: AppMaker) -> Flask:
    return make_app(metrics_token=TOKEN)


@pytest.fixture
def near(make_app: AppMaker) -> FlaskClient:
    """Of a site without a token and without a proxy."""
    return make_app().test_client()


def status(
    client: FlaskClient, environ: Mapping[str, str], headers: Mapping[str, str] | None = None, **more: str
) -> int:
    answer = client.get("/metrics", environ_overrides=dict(environ), headers=dict(headers or {}), **more)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content_type.startswith("text/plain")
    assert "Set-Cookie" not in answer.headers
    assert (answer.status_code == 200) == ("webpush_workers" in answer.text)
    if answer.status_code != 200:
        assert answer.text.count("\n") == 1
        assert "METRICS_TOKEN" in answer.text
        assert TOKEN not in answer.text
    return answer.status_code


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_itself_may_read_them(near: FlaskClient, address: str) -> None:
    assert status(near, {"REMOTE_ADDR": address}) == 200


def test_where_there_is_a_token_this_machine_shows_it_too(stranger: FlaskClient) -> None:
    """A proxy may stand here that adds nothing by which its visitors could be known."""
    assert status(stranger, NEAR) == 403
    assert status(stranger, NEAR, bearer(TOKEN)) == 200


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.3", "::ffff:192.0.2.7", "", "nonsense"])
def test_another_one_may_not(near: FlaskClient, address: str) -> None:
    assert status(near, {"REMOTE_ADDR": address}) == 403


@pytest.mark.parametrize(
    "header",
    ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "x-real-ip", "Via", "X-Client-IP"],
)
def test_nor_may_whom_a_proxy_on_this_machine_lets_in(near: FlaskClient, header: str) -> None:
    assert status(near, NEAR, {header: "127.0.0.1"}) == 403


def test_nor_a_page_of_another_site_that_had_its_name_lead_here(near: FlaskClient) -> None:
    assert status(near, NEAR, base_url="http://evil.example") == 403
    assert status(near, NEAR, base_url="http://127.0.0.1:5000") == 200


def test_behind_a_trusted_proxy_its_visitors_are_told_apart(make_app: AppMaker) -> None:
    assert status(make_app(trusted_proxies=1).test_client(), NEAR) == 403
    client = make_app(trusted_proxies=1, metrics_token=TOKEN).test_client()
    assert status(client, NEAR, {"X-Forwarded-For": "192.0.2.7"}) == 403
    assert status(client, NEAR, {"X-Forwarded-For": "127.0.0.1"}) == 403
    assert status(client, NEAR, {"X-Forwarded-For": "192.0.2.7", **bearer(TOKEN)}) == 200


@pytest.mark.parametrize("kind", ["Bearer", "bearer"])
def test_the_token_opens_them_from_anywhere(stranger: FlaskClient, kind: str) -> None:
    assert status(stranger, ELSEWHERE, bearer(TOKEN, kind)) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer(""),
        bearer(TOKEN[:-1]),
        bearer(f"{TOKEN}x"),
        bearer(TOKEN.upper()),
        bearer("ü" * 16),
        bearer(TOKEN, "Basic"),
        {"Authorization": TOKEN},
        {"X-Token": TOKEN},
    ],
)
def test_nothing_else_does(stranger: FlaskClient, headers: Mapping[str, str]) -> None:
    assert status(stranger, ELSEWHERE, headers) == 403


def test_where_there_is_no_token_an_empty_one_opens_nothing(make_app: AppMaker) -> None:
    client = make_app().test_client()
    assert status(client, ELSEWHERE, bearer("")) == 403
    assert status(client, ELSEWHERE, bearer("None")) == 403


def test_nor_does_the_token_in_the_address(stranger: FlaskClient) -> None:
    answer = stranger.get(f"/metrics?token={TOKEN}", environ_overrides=ELSEWHERE)
    assert answer.status_code == 403


def test_an_admin_who_is_signed_in_may_read_them(admin: Browser, susan: Browser) -> None:
    assert status(admin.client, ELSEWHERE) == 200
    assert status(susan.client, ELSEWHERE) == 403


def test_an_admin_who_signed_out_may_not(admin: Browser) -> None:
    admin.submit("/logout", form_at="/people")
    assert status(admin.client, ELSEWHERE) == 403


def test_who_asks_is_no_visitor(app: Flask, admin: Browser) -> None:
    with app.app_context():
        begin_write()
        row = db.session.query(LoginSession).one()
        row.is_remembered, row.last_seen = True, clock.now() - timedelta(hours=1)
        before = row.last_seen
        db.session.commit()
        with listening(db.engine) as statements:
            assert status(admin.client, ELSEWHERE) == 200
        assert db.session.query(LoginSession).one().last_seen == before
    assert not [statement for statement in statements if statement.startswith(("UPDATE", "INSERT", "DELETE"))]


def test_the_token_is_known_without_asking_who_is_signed_in(app: Flask, people: People) -> None:
    susan = people.browser("susan")
    with app.app_context(), listening(db.engine) as statements:
        assert status(susan.client, ELSEWHERE, bearer(TOKEN)) == 200
    assert not [statement for statement in statements if "login_sessions" in statement]


def test_the_words_of_a_refusal_are_the_readers(stranger: FlaskClient) -> None:
    answer = stranger.get("/metrics", environ_overrides=ELSEWHERE, headers={"Accept": "application/json"})
    assert "for admins who are signed in" in answer.text


def test_prometheus_can_read_them_and_nothing_else_is_there(stranger: FlaskClient) -> None:
    answer = stranger.get("/metrics", environ_overrides=NEAR, headers=bearer(TOKEN))
    assert answer.content_type == metrics.CONTENT_TYPE == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(answer.text))
    assert families
    assert all(family.name.startswith("webpush_") for family in families)
    assert all(family.documentation for family in families)


def test_a_database_that_is_gone_is_an_error_and_no_empty_answer(app: Flask, stranger: FlaskClient) -> None:
    with app.app_context():
        db.drop_all()
    assert stranger.get("/metrics", environ_overrides=NEAR, headers=bearer(TOKEN)).status_code == 500
