""" "Send me a test", and what became of it: to one's own browsers, and for one's own eyes."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.accounts.steps import at_once
from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import ORIGIN, Outgoing
from tests.people import Browser, People
from tests.push.service import Subscribed
from webpush_app.clock import now
from webpush_app.delivery import trial
from webpush_app.delivery.models import Lane, State
from webpush_app.subscriptions.models import Off

UNKNOWN = 999_999


def subscribe(client: FlaskClient, outgoing: Outgoing) -> tuple[int, Subscribed]:
    subscribed = outgoing.service.subscribe(None)
    answer = client.post("/api/push-subscriptions", json=subscribed.to_json(), headers=ORIGIN)
    assert answer.status_code == 201, answer.text
    return answer.get_json()["result"]["id"], subscribed


def ask_for_test(client: FlaskClient, subscription_id: int, **headers: str) -> TestResponse:
    return client.post(f"/api/push-subscriptions/{subscription_id}/test", json={}, headers={**ORIGIN, **headers})


def result(answer: TestResponse) -> Any:
    given = answer.get_json()
    assert given["status"] == "success"
    return given["result"]


def test_a_test_push_arrives_and_its_way_can_be_read(outgoing: Outgoing, susan: Browser) -> None:
    number, subscribed = subscribe(susan.client, outgoing)
    answer = ask_for_test(susan.client, number)
    assert answer.status_code == 202
    asked = result(answer)
    assert asked["url"] == f"/api/pushes/{asked['push']}"
    before = result(susan.get(asked["url"]))
    assert (before["state"], before["is_final"], before["answer_status"], before["answered_at"]) == (
        State.QUEUED,
        False,
        None,
        None,
    )
    outgoing.deliver()
    assert subscribed.received[0].json()["tag"] == "test"
    after = result(susan.get(asked["url"]))
    assert (after["state"], after["is_final"], after["answer_status"]) == (State.ACCEPTED, True, 201)
    assert after["answered_at"]
    assert after["words"] != before["words"]


def test_it_is_kept_for_ten_minutes_and_goes_before_broadcasts(
    outgoing: Outgoing, susan: Browser, clock: StandingClock
) -> None:
    number, _ = subscribe(susan.client, outgoing)
    ask_for_test(susan.client, number)
    row = outgoing.row()
    assert (row.kind, row.lane, row.recipient_id) == ("test", Lane.PERSONAL, susan.user_id)
    assert (row.expires_at - clock.moment).total_seconds() == 600


def test_a_stranger_can_test_the_browser_they_sit_at(outgoing: Outgoing, stranger: FlaskClient) -> None:
    number, subscribed = subscribe(stranger, outgoing)
    answer = ask_for_test(stranger, number)
    assert answer.status_code == 202
    outgoing.deliver()
    assert len(subscribed.received) == 1
    assert result(stranger.get(result(answer)["url"]))["state"] == State.ACCEPTED


def test_only_ones_own_browser_can_be_tested(
    app: Flask, outgoing: Outgoing, susan: Browser, john: Browser, stranger: FlaskClient
) -> None:
    susans, _ = subscribe(susan.client, outgoing)
    strangers, _ = subscribe(stranger, outgoing)
    for client, number in (
        (john.client, susans),
        (john.client, strangers),
        (stranger, susans),
        (app.test_client(), strangers),
        (susan.client, strangers),
        (susan.client, UNKNOWN),
    ):
        answer = ask_for_test(client, number)
        assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")
    assert outgoing.rows() == []


def test_only_the_owner_reads_what_became_of_it(
    app: Flask, outgoing: Outgoing, susan: Browser, john: Browser, stranger: FlaskClient
) -> None:
    number, _ = subscribe(susan.client, outgoing)
    url = result(ask_for_test(susan.client, number))["url"]
    assert susan.get(url).status_code == 200
    for client in (john.client, stranger, app.test_client()):
        answer = client.get(url)
        assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")
    assert susan.get(f"/api/pushes/{UNKNOWN}").status_code == 404


def test_the_second_test_within_three_seconds_has_to_wait(
    outgoing: Outgoing, susan: Browser, clock: StandingClock
) -> None:
    number, _ = subscribe(susan.client, outgoing)
    assert ask_for_test(susan.client, number).status_code == 202
    clock.advance(2.9)
    answer = ask_for_test(susan.client, number)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "too_many_requests")
    assert answer.headers["Retry-After"] == "3"
    assert len(outgoing.rows()) == 1
    clock.advance(0.1)
    assert ask_for_test(susan.client, number).status_code == 202
    assert len(outgoing.rows()) == 2


def test_another_browser_of_the_same_person_need_not_wait(outgoing: Outgoing, susan: Browser) -> None:
    for _ in range(2):
        number, _ = subscribe(susan.client, outgoing)
        assert ask_for_test(susan.client, number).status_code == 202


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", ""])
def test_another_site_cannot_ask_for_it(outgoing: Outgoing, susan: Browser, origin: str) -> None:
    number, _ = subscribe(susan.client, outgoing)
    assert ask_for_test(susan.client, number, Origin=origin).status_code == 403
    assert outgoing.rows() == []


@pytest.mark.parametrize("path", ["/api/pushes/99999999999999999999", "/api/pushes/-1", "/api/pushes/x"])
def test_a_number_that_cannot_be_is_not_found(susan: Browser, path: str) -> None:
    assert susan.get(path).status_code == 404


def test_neither_the_endpoint_nor_what_the_row_is_about_is_told(outgoing: Outgoing, susan: Browser) -> None:
    number, subscribed = subscribe(susan.client, outgoing)
    subscribed.answer_with(400, body=f"no such endpoint: {subscribed.endpoint}".encode())
    url = result(ask_for_test(susan.client, number))["url"]
    outgoing.deliver()
    answer = susan.get(url)
    assert set(result(answer)) == {
        "id", "state", "is_final", "attempts", "answer_status", "answered_at", "words"
    }  # fmt: skip
    assert "no such endpoint" in answer.text
    assert subscribed.endpoint.rpartition("/")[2] not in answer.text


@pytest.mark.parametrize("because", Off)
def test_a_browser_that_is_off_cannot_be_tested_and_it_says_so(
    outgoing: Outgoing, susan: Browser, because: Off
) -> None:
    device = outgoing.device(susan.user_id)
    outgoing.change_device(device, off_at=now(), off_because=because)
    answer = ask_for_test(susan.client, device.id)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "conflict")
    assert outgoing.rows() == []


def test_what_was_for_somebody_else_cannot_be_read_by_who_has_the_browser_now(
    outgoing: Outgoing, susan: Browser, john: Browser
) -> None:
    device = outgoing.device(susan.user_id)
    john.send("susan", "hello")
    outgoing.post(device.subscribed, john.user_id)
    for reader in (john, susan):
        assert reader.get("/api/pushes/1").status_code == 404


def test_a_person_may_ask_for_twenty_in_ten_minutes(outgoing: Outgoing, susan: Browser, clock: StandingClock) -> None:
    """With however many browsers."""
    numbers = [subscribe(susan.client, outgoing)[0] for _ in range(4)]
    for turn in range(trial.MOST_OF_ONE_PERSON):
        assert ask_for_test(susan.client, numbers[turn % 4]).status_code == 202
        clock.advance(1)
    refused = ask_for_test(susan.client, numbers[0])
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "600")
    assert "ten minutes" in refused.get_json()["message"]
    clock.advance(600)
    assert ask_for_test(susan.client, numbers[0]).status_code == 202


def test_nor_for_more_when_many_are_asked_for_at_once(
    app: Flask, outgoing: Outgoing, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "MOST_OF_ONE_PERSON", 2)
    browsers = [people.browser("susan") for _ in range(12)]
    numbers = [subscribe(browser.client, outgoing)[0] for browser in browsers]

    def prepare(_client: FlaskClient, number: int) -> Callable[[], TestResponse]:
        return lambda: ask_for_test(browsers[number].client, numbers[number])

    assert sorted(at_once(app, 12, prepare)) == [202] * 2 + [429] * 10


def test_strangers_share_a_limit_whoever_they_say_they_are(
    app: Flask, outgoing: Outgoing, susan: Browser, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "MOST_OF_STRANGERS", 3)
    seen = []
    for _ in range(4):
        stranger = app.test_client()
        number, subscribed = subscribe(stranger, outgoing)
        seen.append(ask_for_test(stranger, number).status_code)
        stranger.delete("/api/push-subscriptions", json=subscribed.to_json(), headers=ORIGIN)
        clock.advance(1)
    assert seen == [202, 202, 202, 429]
    assert ask_for_test(susan.client, subscribe(susan.client, outgoing)[0]).status_code == 202
