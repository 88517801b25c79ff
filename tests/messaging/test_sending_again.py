"""The same form sent again stores nothing twice and is answered as before; another text from it is another message."""

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.test import TestResponse

from tests.conftest import AppMaker
from tests.people import Browser, People, csrf_token, hidden_field
from tests.push.browser_keys import BrowserKeys
from tests.server.crowd import at_once
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db
from webpush_app.delivery.models import Push
from webpush_app.messaging.models import Message
from webpush_app.protocol.subscription import read_subscription
from webpush_app.subscriptions import keyring
from webpush_app.subscriptions.service import Viewer, subscribe

FORM = "/send_message/susan"
REPLY = "/messages/with/susan"
DAMAGED = "This form was damaged on its way to us, and nothing was sent. Please send it again."
both_forms = pytest.mark.parametrize("path", [FORM, REPLY])
Fields = dict[str, str]


def _opened(browser: Browser, path: str = FORM, text: str = "ok") -> Fields:
    """The fields of a form that has just been opened, and what is typed into it."""
    page = browser.get(path)
    return {"csrf_token": csrf_token(page), "sending_key": hidden_field(page, "sending_key"), "message": text}


def _post(browser: Browser, fields: Fields, path: str = FORM) -> TestResponse:
    return browser.client.post(path, data=fields)


def _shown(browser: Browser, answer: TestResponse) -> tuple[int, str, bool]:
    """What a person sees of an answer: where it leads, and whether it says that the message was sent."""
    return answer.status_code, answer.location, "Your message has been sent." in browser.get(answer.location).text


@pytest.mark.usefixtures("susan")
@both_forms
def test_the_same_form_sent_again_stores_one_message_and_is_answered_as_before(
    john: Browser, people: People, path: str
) -> None:
    fields = _opened(john, path)
    answers = [_shown(john, _post(john, fields, path)) for _time in range(3)]
    assert answers[0][0] == 302
    assert answers[1:] == answers[:1] * 2
    assert people.bodies() == ["ok"]


def test_the_recipient_has_one_unread_message_and_one_push(app: Flask, susan: Browser, john: Browser) -> None:
    _subscribe(app, susan.user_id)
    fields = _opened(john)
    for _time in range(2):
        _post(john, fields)
    assert susan.badge() == 1
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Push)) == 1


@both_forms
def test_every_form_that_is_opened_has_a_key_of_its_own(susan: Browser, john: Browser, path: str) -> None:
    keys = {_opened(john, path)["sending_key"] for _time in range(5)}
    assert len(keys) == 5
    assert all(20 <= len(key) <= 64 for key in keys)


@pytest.mark.usefixtures("susan")
def test_the_same_text_from_a_form_opened_anew_is_said_twice(john: Browser, people: People) -> None:
    for _time in range(2):
        assert _post(john, _opened(john)).status_code == 302
    assert people.bodies() == ["ok", "ok"]


@pytest.mark.usefixtures("susan")
def test_another_text_from_the_same_form_is_another_message(john: Browser, people: People) -> None:
    """Who went back and changed the text must not lose the new one; each of them can be sent again."""
    fields = _opened(john)
    for text in ("ok", "ok!", "ok!", "ok"):
        assert _post(john, {**fields, "message": text}).status_code == 302
    assert people.bodies() == ["ok", "ok!"]


@pytest.mark.usefixtures("susan")
def test_the_same_key_to_another_person_is_another_message(john: Browser, people: People) -> None:
    people("mary")
    fields = _opened(john)
    for path in (FORM, "/send_message/mary", "/messages/with/mary", REPLY):
        assert _post(john, fields, path).status_code == 302
    assert people.bodies() == ["ok", "ok"]
    assert [people.browser(name).badge() for name in ("susan", "mary")] == [1, 1]


@pytest.mark.usefixtures("susan")
def test_the_same_key_of_another_author_is_another_message(john: Browser, people: People) -> None:
    mary = people.browser("mary")
    fields = _opened(john)
    assert _post(john, fields).status_code == 302
    assert _post(mary, {**fields, "csrf_token": csrf_token(mary.get(FORM))}).status_code == 302
    assert people.bodies() == ["ok", "ok"]


@pytest.mark.usefixtures("susan")
def test_it_is_known_in_another_session_of_the_same_person(john: Browser, people: People) -> None:
    fields = _opened(john)
    elsewhere = people.browser("john")
    assert _post(john, fields).status_code == 302
    assert _post(elsewhere, {**fields, "csrf_token": csrf_token(elsewhere.get(FORM))}).status_code == 302
    assert people.bodies() == ["ok"]


@pytest.mark.usefixtures("susan")
def test_it_is_known_after_a_restart(john: Browser, people: People, make_app: AppMaker) -> None:
    fields = _opened(john)
    before = _post(john, fields)
    restarted = make_app().test_client()
    cookie = john.client.get_cookie("webpush_session")
    assert cookie is not None
    restarted.set_cookie("webpush_session", cookie.value)
    after = restarted.post(FORM, data=fields)
    assert (after.status_code, after.location) == (before.status_code, before.location)
    assert people.bodies() == ["ok"]


def test_the_same_form_sent_ten_times_in_the_same_instant_stores_one_message(
    susan: Browser, john: Browser, people: People
) -> None:
    fields = _opened(john)
    cookie = john.client.get_cookie("webpush_session")
    assert cookie is not None
    clients = [people.app.test_client() for _number in range(10)]
    for client in clients:
        client.set_cookie("webpush_session", cookie.value)
    answers = at_once(lambda client: client.post(FORM, data=fields), clients)
    assert [(answer.status_code, answer.location) for answer in answers] == [(302, "/user/susan")] * 10
    assert people.bodies() == ["ok"]
    assert susan.badge() == 1


def test_the_database_itself_refuses_a_second_row_with_the_same_key(app: Flask, people: People) -> None:
    ids = {"sender_id": people("john"), "recipient_id": people("susan")}
    with app.app_context():
        begin_write()
        db.session.add_all(Message(**ids, body="ok", sending_key="k") for _time in range(2))
        with pytest.raises(IntegrityError):
            db.session.flush()
        db.session.rollback()


@pytest.mark.usefixtures("susan")
@both_forms
def test_a_form_that_comes_back_to_be_mended_keeps_its_key(john: Browser, people: People, path: str) -> None:
    fields = _opened(john, path, text="x" * 141)
    answer = _post(john, fields, path)
    assert answer.status_code == 422
    assert hidden_field(answer, "sending_key") == fields["sending_key"]
    for _time in range(2):
        assert _post(john, {**fields, "message": "x" * 140}, path).status_code == 302
    assert people.bodies() == ["x" * 140]


@pytest.mark.usefixtures("susan")
@pytest.mark.parametrize("wrong", ["", " ", "k" * 65, "k k", "k'; --", "schlüssel", "k\nk", "<b>", "٣"])
def test_a_key_that_no_form_has_is_refused_kindly_and_the_form_is_sent_again(
    john: Browser, people: People, wrong: str
) -> None:
    fields = {**_opened(john), "sending_key": wrong}
    answer = _post(john, fields)
    assert answer.status_code == 422
    assert DAMAGED in answer.text
    assert people.bodies() == []
    assert _post(john, {**fields, "sending_key": hidden_field(answer, "sending_key")}).status_code == 302
    assert people.bodies() == ["ok"]


@pytest.mark.usefixtures("susan")
def test_a_page_that_was_opened_before_there_were_keys_can_be_sent(john: Browser, people: People) -> None:
    fields = _opened(john)
    del fields["sending_key"]
    assert _post(john, fields).status_code == 302
    assert people.bodies() == ["ok"]


@pytest.mark.usefixtures("susan")
def test_browsers_are_told_not_to_fill_in_an_earlier_key(john: Browser) -> None:
    page = john.get(FORM).text
    (field,) = (part for part in page.split("<input") if 'name="sending_key"' in part)
    assert 'autocomplete="off"' in field.partition(">")[0]


def _subscribe(app: Flask, user_id: int) -> None:
    given = BrowserKeys.make().to_json("https://updates.push.services.mozilla.com/wpush/v2/made-up")
    with app.app_context():
        begin_write()
        viewer = Viewer(db.session.get_one(User, user_id))
        key = keyring.current_key().public
        subscribe(read_subscription(given), viewer, vapid_public_key=key, browser="", locale="en")
        db.session.commit()
