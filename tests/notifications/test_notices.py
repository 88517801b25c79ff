"""That another browser gets a person's notifications is an item of their inbox; that one still does is none."""

from flask import Flask

from tests.notifications.inboxes import INBOX, Inboxes
from tests.people import Browser, People
from tests.subscriptions.devices import FIREFOX, Device, end, new_endpoint, post, result_of, subscribe


def devices(inboxes: Inboxes) -> list[tuple[int | None, int]]:
    """Whom it was told, and of which browser."""
    return [(item.user_id, item.subject_id) for item in inboxes.items() if item.kind == "new_device"]


def test_a_browser_that_subscribes_is_told_of_once(susan: Browser, inboxes: Inboxes) -> None:
    device = Device()
    number = subscribe(susan.client, device, **FIREFOX)
    for _time in range(2):
        assert subscribe(susan.client, device, **FIREFOX) == number
    assert devices(inboxes) == [(susan.user_id, number)]
    assert inboxes.told(susan.user_id)[INBOX]["count"] == 1
    page = susan.get("/inbox").text
    assert "New device: Firefox" in page
    assert susan.get("/inbox/1").location == "/user/susan"
    inboxes.check(susan)


def test_the_same_browser_with_new_keys_is_not_new(susan: Browser, inboxes: Inboxes) -> None:
    former, device = Device(), Device()
    number = subscribe(susan.client, former)
    assert result_of(post(susan.client, device.to_json(replaces=former.by_secret)))["id"] == number
    elsewhere = Device(new_endpoint("https://fcm.googleapis.com"))  # a row of its own, because pushes cannot move there
    assert result_of(post(susan.client, elsewhere.to_json(replaces=device.by_secret)))["id"] != number
    assert devices(inboxes) == [(susan.user_id, number)]


def test_a_browser_that_another_person_takes_over_is_new_to_them(
    susan: Browser, john: Browser, inboxes: Inboxes
) -> None:
    device = Device()
    number = subscribe(susan.client, device)
    assert subscribe(john.client, device) == number
    assert devices(inboxes) == [(susan.user_id, number), (john.user_id, number)]
    inboxes.check(susan, john)


def test_also_when_it_has_had_to_subscribe_anew_in_between(susan: Browser, john: Browser, inboxes: Inboxes) -> None:
    """The browser knows the secret of its former row, whoever that row was of."""
    former = Device()
    subscribe(susan.client, former)
    answer = post(john.client, Device().to_json(replaces=former.by_secret))
    assert devices(inboxes) == [(susan.user_id, 1), (john.user_id, result_of(answer)["id"])]


def test_a_strangers_browser_is_new_to_who_signs_in_there(app: Flask, people: People, inboxes: Inboxes) -> None:
    device = Device()
    subscribe(app.test_client(), device)
    assert devices(inboxes) == []
    susan = people.browser("susan")
    number = subscribe(susan.client, device)
    assert devices(inboxes) == [(susan.user_id, number)]


def test_one_that_was_ended_and_comes_back_is_new(susan: Browser, inboxes: Inboxes) -> None:
    device = Device()
    first = subscribe(susan.client, device)
    end(susan.client, device.by_secret)
    second = subscribe(susan.client, device)
    assert devices(inboxes) == [(susan.user_id, first), (susan.user_id, second)]


def test_what_is_told_stays_when_the_browser_is_gone(susan: Browser, inboxes: Inboxes) -> None:
    device = Device()
    subscribe(susan.client, device, **FIREFOX)
    end(susan.client, device.by_secret)
    assert "New device: Firefox" in susan.get("/inbox").text
    inboxes.check(susan)
