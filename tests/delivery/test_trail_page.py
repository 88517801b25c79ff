"""`/admin/pushes`: what an admin sees of pushes, and what nobody is shown."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.delivery.happenings import ENDPOINT_TOKEN, PRIVATE_TEXT
from tests.delivery.scene import Scene
from tests.people import Browser
from tests.push.service import GOOGLE, MOZILLA
from tests.statements import listening
from webpush_app.database import db
from webpush_app.delivery import overview, walking
from webpush_app.delivery.models import Push, State
from webpush_app.delivery.watch_models import OperatorAlert
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.push_services import Pause

PAGES = ["/admin/pushes", "/admin/pushes?state=dead", "/admin/pushes/1"]
PAGES += ["/admin/pushes/trace", "/admin/pushes/trace?q=1", "/admin/pushes/trace?q=susan"]


def words(answer: TestResponse) -> str:
    """What is read on it, without its markup."""
    assert answer.status_code == 200, answer.text
    main = answer.text[answer.text.index("<main") : answer.text.index("</main>")]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main.replace("<wbr>", ""))).split()).replace(" .", ".")


def rows(answer: TestResponse) -> list[int]:
    """The pushes in the list, by their numbers."""
    return [int(number) for number in re.findall(r'class="push-title" href="/admin/pushes/(\d+)"', answer.text)]


def link(answer: TestResponse, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', answer.text)
    return unescape(found[1]) if found else None


def test_only_admins_see_them(scene: Scene, susan: Browser, stranger: FlaskClient, admin: Browser) -> None:
    scene.push()
    for path in PAGES:
        assert admin.get(path).status_code == 200, path
        refused = susan.get(path)
        assert refused.status_code == 403, path
        assert "This page is for the admins of this site." in refused.text
        assert stranger.get(path).location.startswith("/login?next=/admin/pushes"), path


def test_the_way_there_is_on_the_admins_page_and_nowhere_else(admin: Browser, susan: Browser) -> None:
    assert 'href="/admin/pushes"' in admin.get("/admin").text
    assert 'href="/admin/pushes"' not in admin.get("/").text + susan.get("/").text


def test_neither_texts_nor_endpoints_nor_keys_are_shown(scene: Scene, admin: Browser) -> None:
    scene.happenings.end(scene.push(), State.FAILED, "refused_request", answer_status=400, said="no")
    row = scene.happenings.reading(lambda: db.session.scalars(select(PushSubscription)).one())
    of_the_browser = (row.endpoint, row.p256dh, row.auth, row.fingerprint)
    for path in (*PAGES, "/admin"):
        text = admin.get(path).text
        for secret in (PRIVATE_TEXT, ENDPOINT_TOKEN, *of_the_browser):
            assert secret not in text, path
    told = words(admin.get("/admin/pushes/1"))
    assert "Message 1 from john to susan" in told
    assert scene.at(0) in told


def test_a_trail_shows_each_step_and_how_it_ended(scene: Scene, admin: Browser) -> None:
    push_id = scene.push()
    in_ten = scene.clock.moment + timedelta(seconds=10)
    scene.happenings.attempt(push_id, "their_trouble", next_at=in_ten, answer_status=503, said="<b>busy</b>")
    scene.clock.advance(10)
    scene.happenings.end(push_id, State.ACCEPTED, answer_status=201)
    for path in ("/admin/pushes/1", "/admin/pushes/trace?q=1", "/admin/pushes/trace?q=susan"):
        told = words(admin.get(path))
        for expected in (
            "Firefox on Linux · susan Taken",
            "Notifications are on.",
            f"{scene.at(-10)} Answered 503: the push service has trouble of its own. <b>busy</b>",
            f"Next attempt: {scene.at(0)}. {scene.at(0)} Answered 201: taken.",
            "Taken by the push service. Whether it was shown is not known.",
        ):
            assert expected in told, path


def test_what_is_not_known_is_said_and_can_be_typed_again(admin: Browser) -> None:
    answer = admin.get("/admin/pushes/trace?q=<nobody>")
    assert answer.status_code == 404
    assert "Nothing is known by “&lt;nobody&gt;”" in answer.text
    assert 'value="&lt;nobody&gt;"' in answer.text
    for path in ("/admin/pushes/999", "/admin/pushes?before=x", "/admin/pushes?state=lost", "/admin/pushes?before=-1"):
        assert admin.get(path).status_code == 404, path


def test_push_services_say_whether_they_are_spared_and_what_waits_there(scene: Scene, admin: Browser) -> None:
    scene.happenings.worker_beats()
    for host in (MOZILLA, GOOGLE):
        scene.happenings.browser(scene.susan, host=host)
    scene.message()
    [first, _second] = scene.happenings.pushes("message", 1)
    scene.happenings.attempt(first.id, "their_trouble", next_at=scene.clock.moment, answer_status=503, said="so busy")
    scene.clock.advance(60)
    scene.happenings.pause(MOZILLA, Pause.BROKEN, 30)
    told = words(admin.get("/admin/pushes"))
    assert f"{MOZILLA} Spared Since: {scene.at(0)}. Until: {scene.at(30)}." in told
    assert "Why: it fails or cannot be reached. 503 so busy Waiting: 1. On their way: 0." in told
    assert f"{GOOGLE} Open Waiting: 1. On their way: 0. Due since: {scene.at(-60)}" in told


def test_very_many_that_wait_are_not_counted(scene: Scene, admin: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webpush_app.delivery.overview.COUNTED", 2)
    monkeypatch.setattr("webpush_app.delivery.admin_words.COUNTED", 2)
    scene.happenings.browser(scene.susan)
    for number, said in ((1, "1"), (2, "2"), (3, "more than 2"), (4, "more than 2")):
        scene.message()
        assert f"Waiting: {said}." in words(admin.get("/admin/pushes")), number
    [standing] = scene.happenings.reading(overview.list_standings)
    assert (standing.waiting, standing.is_counted_out) == (3, True)


def test_that_nothing_can_be_sent_is_said(scene: Scene, admin: Browser) -> None:
    assert "No worker is running, so nothing is sent. None has ever been seen." in words(admin.get("/admin/pushes"))
    scene.happenings.worker_beats()
    assert "No worker" not in words(admin.get("/admin/pushes"))
    scene.clock.advance(16)
    expected = f"No worker is running, so nothing is sent. One was last seen: {scene.at(-16)}"
    assert expected in words(admin.get("/admin/pushes"))


def test_open_alerts_stand_on_the_admins_pages_and_ended_ones_do_not(scene: Scene, admin: Browser) -> None:
    def raise_two() -> None:
        moment = scene.clock.moment
        db.session.add(OperatorAlert(kind="host_down", about=GOOGLE, said="<i>503</i>", raised_at=moment))
        db.session.add(OperatorAlert(kind="host_down", about=MOZILLA, said="", raised_at=moment, ended_at=moment))

    for path in ("/admin", "/admin/pushes"):
        assert "This needs you" not in words(admin.get(path))
    scene.happenings.writing(raise_two)
    for path in ("/admin", "/admin/pushes"):
        told = words(admin.get(path))
        assert f"{GOOGLE} cannot be reached, or answers with errors." in told
        assert f"<i>503</i> Since: {scene.at(0)}" in told
        assert MOZILLA not in told


@pytest.fixture
def many(scene: Scene) -> list[int]:
    """So many that they fill three pages, oldest first."""
    scene.happenings.browser(scene.susan)
    for _number in range(45):
        scene.message()
    return scene.happenings.reading(lambda: list(db.session.scalars(select(Push.id).order_by(Push.id))))


def test_the_list_is_paged_from_a_number_on(many: list[int], admin: Browser) -> None:
    seen = rows(admin.get("/admin/pushes"))
    assert seen == many[:-11:-1], "a few at a glance"
    path: str | None = link(admin.get("/admin/pushes"), "next")
    sizes = []
    while path:
        page = admin.get(path)
        seen += rows(page)
        sizes.append(len(rows(page)))
        path = link(page, "next")
    assert seen == many[::-1]
    assert sizes == [20, 15]


def test_a_filter_leaves_out_the_others_and_stays_on_the_next_page(
    scene: Scene, many: list[int], admin: Browser
) -> None:
    chosen = many[::2]
    for push_id in chosen:
        scene.happenings.end(push_id, State.EXPIRED, "expired")
    for query in ("state=expired", "state=dead", "kind=message&state=expired", f"host={MOZILLA}&reason=expired"):
        page = admin.get(f"/admin/pushes?{query}")
        assert rows(page) == chosen[:-21:-1], query
        assert "Send again" in page.text
        after = link(page, "next")
        assert after is not None
        assert rows(admin.get(after)) == chosen[-21::-1], query
    for query in ("kind=test", "host=fcm.example", "reason=x", "state=gone"):
        assert rows(admin.get(f"/admin/pushes?{query}")) == []


def test_what_takes_too_long_to_look_through_is_left_for_the_next_page(
    scene: Scene, many: list[int], admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "WINDOW", 30)
    monkeypatch.setattr("webpush_app.delivery.admin_routes._LOOKING_SECONDS", 0)
    scene.happenings.end(many[0], State.EXPIRED, "expired")
    page = admin.get("/admin/pushes?state=expired")
    assert rows(page) == []
    assert "Not all of them have been looked through." in words(page)
    further = link(page, "next")
    assert further is not None
    assert rows(admin.get(further)) == [many[0]]
    overview = words(admin.get("/admin/pushes"))
    assert "only the newer ones were looked through" in overview


def test_the_page_costs_the_same_for_few_pushes_and_for_many(scene: Scene, admin: Browser) -> None:
    engine: Any = scene.happenings.reading(lambda: db.engine)
    scene.happenings.browser(scene.susan)
    costs = []
    for _more in range(2):
        for _number in range(4):
            scene.message()
        admin.get("/admin/pushes")
        with listening(engine) as statements:
            admin.get("/admin/pushes")
        costs.append(len(statements))
    assert costs[0] == costs[1]
    assert scene.happenings.reading(lambda: db.session.scalar(select(func.count()).select_from(Push))) == 8


@pytest.mark.parametrize("reason", ["Call 555-0100 at once", "x" * 33, "\u202egnp", "<b>"])
def test_words_of_a_link_are_not_shown(admin: Browser, reason: str) -> None:
    assert admin.client.get("/admin/pushes", query_string={"reason": reason}).status_code == 404
