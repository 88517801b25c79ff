"""What an admin sees of the broadcasts that were sent: the newest first, and how far each of them is."""

import re

from flask.testing import FlaskClient
from sqlalchemy import delete

from tests.broadcasts import page
from tests.broadcasts.delivery import Delivery
from tests.broadcasts.fates import Fate, subscribe
from tests.broadcasts.page import Shown
from tests.broadcasts.site import Site
from tests.people import Browser
from tests.push.service import PushService
from tests.statements import listening
from webpush_app.accounts.models import User
from webpush_app.database import db

NEWS = {"title": "News", "audience": "everyone"}


def _only(admin: Browser) -> Shown:
    (shown,) = page.broadcasts(admin.get("/admin"))
    return shown


def test_before_the_first_there_is_nothing_to_see(admin: Browser) -> None:
    answer = admin.get("/admin")
    assert page.broadcasts(answer) == []
    assert "Nothing yet. What you send appears here, with how far it is." in answer.text


def test_the_numbers_and_the_bar_follow_what_happens(
    site: Site, admin: Browser, push_service: PushService, key: str, delivery: Delivery
) -> None:
    for fate in (Fate.ACCEPTED, Fate.ACCEPTED, Fate.GONE, Fate.BUSY_ONCE):
        subscribe(site, push_service, key, fate)
    admin.submit("/admin", NEWS)
    nothing_yet = {"waiting": 4, "accepted": 0, "failed": 0, "total": 4}
    for _look in ("before the fan-out", "after it"):
        shown = _only(admin)
        assert (shown.numbers, shown.bar, shown.is_done) == (nothing_yet, (0, 4), False)
        site.fan_out()
    delivery.run()
    shown = _only(admin)
    assert shown.numbers == {"waiting": 1, "accepted": 2, "failed": 1, "total": 4}
    assert (shown.bar, shown.is_done) == ((3, 4), False)
    assert (admin.get(shown.url).json or {})["result"] == {"id": 1, **shown.numbers, "is_done": False}


def test_it_says_when_it_is_done(
    site: Site, admin: Browser, push_service: PushService, key: str, delivery: Delivery
) -> None:
    subscribe(site, push_service, key, Fate.ACCEPTED)
    subscribe(site, push_service, key, Fate.REFUSED)
    admin.submit("/admin", NEWS)
    site.fan_out()
    delivery.run()
    shown = _only(admin)
    assert shown.numbers == {"waiting": 0, "accepted": 1, "failed": 1, "total": 2}
    assert (shown.bar, shown.is_done) == ((2, 2), True)
    assert (admin.get(shown.url).json or {})["result"]["is_done"] is True


def test_one_to_nobody_is_full_and_done(site: Site, admin: Browser) -> None:
    admin.submit("/admin", NEWS)
    site.fan_out()
    shown = _only(admin)
    assert shown.numbers == {"waiting": 0, "accepted": 0, "failed": 0, "total": 0}
    assert (shown.bar, shown.is_done) == ((1, 1), True)


def test_the_newest_are_shown_first_and_not_all_of_them(site: Site, admin: Browser) -> None:
    for number in range(1, 13):
        site.start(title=f"News {number}")
    shown = page.broadcasts(admin.get("/admin"))
    assert [one.title for one in shown] == [f"News {number}" for number in range(12, 2, -1)]
    assert [one.url for one in shown] == [f"/admin-api/broadcasts/{number}" for number in range(12, 2, -1)]


def test_it_says_who_sent_what_to_whom(site: Site, admin: Browser) -> None:
    site.start("language:ko", title="<i>News</i>", body="Soup <b>at noon</b>")
    markup = _only(admin).markup
    for expected in ("&lt;i&gt;News", "Soup &lt;b&gt;at noon", "Everyone who reads 한국어", "admin"):
        assert expected in markup
    assert "<i>" not in markup


def test_it_stays_when_its_author_is_gone(site: Site, admin: Browser) -> None:
    other = Site(site.app, site.writing(_another_admin))
    other.start(title="Their last words")
    site.writing(lambda: db.session.execute(delete(User).where(User.id == other.author_id)))
    shown = _only(admin)
    assert shown.title == "Their last words"
    assert "another" not in shown.markup


def _another_admin() -> int:
    user = User(username="another", password_hash="x", is_admin=True)
    db.session.add(user)
    db.session.flush()
    return user.id


def test_the_list_costs_one_question_for_each_and_none_for_its_author(site: Site, admin: Browser) -> None:
    costs = []
    with site.app.app_context():
        engine = db.engine
    admin.get("/admin")
    for author in (site, Site(site.app, site.writing(_another_admin))):
        author.start()
        with listening(engine) as statements:
            admin.get("/admin")
        costs.append(len(statements))
    assert costs[1] - costs[0] == 1


def test_others_have_no_such_page(site: Site, susan: Browser, stranger: FlaskClient) -> None:
    site.start(title="Only for admins to list")
    for client in (susan.client, stranger):
        for path in ("/", "/admin", "/people"):
            assert "Only for admins" not in client.get(path).text


def test_every_number_is_in_a_place_that_the_script_finds(site: Site, admin: Browser) -> None:
    site.start()
    markup = _only(admin).markup
    assert set(re.findall(r'data-count="(\w+)"', markup)) == set(page.NUMBERS)
    assert len(re.findall("<progress ", markup)) == len(re.findall("data-when-done", markup)) == 1
