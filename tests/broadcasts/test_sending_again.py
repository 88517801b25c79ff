"""The admin's form sent again starts nothing twice; another text, link or audience from it is another broadcast."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.test import TestResponse

from tests.broadcasts import page
from tests.broadcasts.site import Site
from tests.people import Browser, People, csrf_token, hidden_field
from tests.server.crowd import at_once
from webpush_app import clock
from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import db

NEWS = {"title": "News", "body": "Soup at noon.", "link": "/messages", "audience": "everyone"}
Fields = dict[str, str]


def _opened(admin: Browser) -> Fields:
    form = admin.get("/admin")
    return {"csrf_token": csrf_token(form), "sending_key": hidden_field(form, "sending_key"), **NEWS}


def _post(admin: Browser, fields: Fields) -> TestResponse:
    return admin.client.post("/admin", data=fields)


def _count(site: Site) -> int:
    return site.reading(lambda: db.session.scalar(select(func.count()).select_from(Broadcast)) or 0)


def test_the_same_form_sent_again_starts_one_broadcast_and_is_answered_as_before(site: Site, admin: Browser) -> None:
    site.browsers(2)
    fields = _opened(admin)
    said = []
    for _time in range(3):
        answer = _post(admin, fields)
        said.append((answer.status_code, answer.location, page.flash(admin.get("/admin"))))
        site.browser()  # the number is that of the first time
    assert said == [(302, "/admin", "Your broadcast is on its way to 2 browsers.")] * 3
    assert _count(site) == 1
    assert site.fan_out() > 0
    assert len(site.reached(1)) == 2


def test_a_broadcast_that_is_done_is_not_started_again(site: Site, admin: Browser) -> None:
    site.browsers(2)
    fields = _opened(admin)
    _post(admin, fields)
    site.fan_out()
    _post(admin, fields)
    assert not site.step()
    assert len(site.reached(1)) == 2


def test_the_same_text_from_a_form_opened_anew_is_another_broadcast(site: Site, admin: Browser) -> None:
    for _time in range(2):
        _post(admin, _opened(admin))
    assert _count(site) == 2


@pytest.mark.parametrize(
    "changed",
    [{"title": "Other"}, {"body": "Other"}, {"link": "/"}, {"audience": "anonymous"}],
    ids=lambda one: next(iter(one)),
)
def test_another_broadcast_from_the_same_form_is_started_too(site: Site, admin: Browser, changed: Fields) -> None:
    fields = _opened(admin)
    for given in (fields, fields | changed, fields | changed, fields):
        assert _post(admin, given).status_code == 302
    assert _count(site) == 2
    (name, value) = next(iter(changed.items()))
    assert getattr(site.row(2), name) == value


def test_what_stands_in_one_field_is_not_taken_for_another(site: Site, admin: Browser) -> None:
    fields = _opened(admin)
    _post(admin, {**fields, "title": "a", "body": "b c"})
    _post(admin, {**fields, "title": "a b", "body": "c"})
    assert _count(site) == 2


def test_the_same_key_of_another_admin_is_another_broadcast(site: Site, admin: Browser, people: People) -> None:
    people("boss", is_admin=True)
    boss = people.browser("boss")
    fields = _opened(admin)
    _post(admin, fields)
    assert _post(boss, {**fields, "csrf_token": csrf_token(boss.get("/admin"))}).status_code == 302
    assert _count(site) == 2


def test_sent_five_times_in_the_same_instant_it_is_started_once(site: Site, admin: Browser) -> None:
    fields = _opened(admin)
    cookie = admin.client.get_cookie("webpush_session")
    assert cookie is not None
    clients = [site.app.test_client() for _number in range(5)]
    for client in clients:
        client.set_cookie("webpush_session", cookie.value)
    answers = at_once(lambda client: client.post("/admin", data=fields), clients)
    assert [answer.status_code for answer in answers] == [302] * 5
    assert _count(site) == 1


def test_the_database_itself_refuses_a_second_row_with_the_same_key(site: Site) -> None:
    now = clock.now()
    more = {"audience_size": 0, "expires_at": now, "last_subscription_id": 0, "fanned_out_at": now}

    def write() -> None:
        db.session.add_all(Broadcast(author_id=site.author_id, sending_key="k", **NEWS, **more) for _time in range(2))
        db.session.flush()

    with pytest.raises(IntegrityError):
        site.writing(write)


def test_a_form_that_comes_back_to_be_mended_keeps_its_key(site: Site, admin: Browser) -> None:
    fields = _opened(admin)
    answer = _post(admin, {**fields, "link": "evil"})
    assert answer.status_code == 422
    assert hidden_field(answer, "sending_key") == fields["sending_key"]
    for _time in range(2):
        assert _post(admin, fields).status_code == 302
    assert _count(site) == 1


def test_a_damaged_key_is_refused_kindly_and_the_form_is_sent_again(site: Site, admin: Browser) -> None:
    fields = {**_opened(admin), "sending_key": "k" * 65}
    answer = _post(admin, fields)
    assert answer.status_code == 422
    (complaint,) = page.complaints(answer)
    assert complaint.startswith("This form was damaged on its way to us")
    assert _post(admin, {**fields, "sending_key": hidden_field(answer, "sending_key")}).status_code == 302
    assert _count(site) == 1
