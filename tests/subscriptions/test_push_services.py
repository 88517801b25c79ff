"""Which push services there are rows of: strangers may name hosts below a wildcard, and must not fill the table."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from tests.accounts.conftest import Hands
from tests.conftest import AppMaker
from tests.people import Browser
from tests.subscriptions.devices import Device, post, stored, subscribe
from webpush_app.database import begin_write, db
from webpush_app.subscriptions import push_services
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.push_services import PushService


def below_a_wildcard(number: int, name: str = "notify.windows.com") -> Device:
    return Device(f"https://wns{number}.{name}/?token=x")


def hosts(app: Flask) -> list[str]:
    """Of the browsers, in their order."""
    with app.app_context():
        query = select(PushService.host).join(PushSubscription, PushSubscription.service_id == PushService.id)
        return list(db.session.scalars(query.order_by(PushSubscription.id)))


def count(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(PushService)) or 0


def test_so_many_new_ones_in_an_hour_have_rows_of_their_own_and_the_others_share_one(
    app: Flask, susan: Browser, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is refused because of what others have made up."""
    monkeypatch.setattr(push_services, "MOST_NEW_BELOW_A_WILDCARD", 3)
    for number in range(6):
        assert post(susan.client, below_a_wildcard(number).to_json()).status_code == 201
    own = [f"wns{number}.notify.windows.com" for number in range(3)]
    assert hosts(app) == [*own, *["*.notify.windows.com"] * 3]
    subscribe(susan.client, Device("https://wns1.notify.windows.com/?token=y"))
    assert hosts(app)[-1] == own[1], "a known one is no new one"
    hands.move(seconds=3601)
    subscribe(susan.client, below_a_wildcard(7))
    assert hosts(app)[-1] == "wns7.notify.windows.com"


def test_there_are_never_more_than_so_many(
    app: Flask, susan: Browser, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_services, "MOST_BELOW_A_WILDCARD", 3)
    for number in range(6):
        subscribe(susan.client, below_a_wildcard(number))
        hands.move(seconds=3600)
    assert count(app) == 4


def test_names_below_one_wildcard_take_no_room_below_another(
    app: Flask, susan: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_services, "MOST_BELOW_A_WILDCARD", 1)
    for number in range(2):
        subscribe(susan.client, below_a_wildcard(number))
    subscribe(susan.client, below_a_wildcard(0, "push.apple.com"))
    assert hosts(app)[-1] == "wns0.push.apple.com"


def test_one_that_is_named_in_full_always_has_a_row_of_its_own(
    make_app: AppMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_services, "MOST_BELOW_A_WILDCARD", 0)
    app = make_app(push_service_hosts=("push.example.org", "*.Example.net", "*.b.example.net"))
    for host in ("fcm.googleapis.com", "updates.push.services.mozilla.com", "push.example.org"):
        subscribe(app.test_client(), Device(f"https://{host}/x"))
        assert hosts(app)[-1] == host
    for host, shared in (("a.example.net", "*.example.net"), ("a.b.example.net", "*.b.example.net")):
        subscribe(app.test_client(), Device(f"https://{host}/x"))
        assert hosts(app)[-1] == shared


def test_who_takes_the_place_of_a_former_browser_names_no_more_of_them(
    app: Flask, susan: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The former row goes, and its service stays for a day."""
    monkeypatch.setattr(push_services, "MOST_NEW_BELOW_A_WILDCARD", 5)
    former = below_a_wildcard(0)
    for number in range(1, 9):
        device = below_a_wildcard(number)
        assert post(susan.client, device.to_json(replaces=former.by_secret)).status_code in (200, 201)
        former = device
    assert count(app) == 6


def test_who_moves_below_the_same_shared_name_keeps_the_row(
    app: Flask, susan: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with it what is on the way."""
    monkeypatch.setattr(push_services, "MOST_BELOW_A_WILDCARD", 0)
    former, new = below_a_wildcard(0), below_a_wildcard(1)
    number = subscribe(susan.client, former)
    assert post(susan.client, new.to_json(replaces=former.by_secret)).status_code == 200
    assert stored(app, number).endpoint == new.endpoint


def test_who_moves_at_its_host_when_there_is_room_again_keeps_the_row_too(
    app: Flask, susan: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_services, "MOST_BELOW_A_WILDCARD", 0)
    former, new = below_a_wildcard(0), Device("https://wns0.notify.windows.com/?token=y")
    number = subscribe(susan.client, former)
    monkeypatch.undo()
    assert post(susan.client, new.to_json(replaces=former.by_secret)).status_code == 200
    assert stored(app, number).endpoint == new.endpoint


@pytest.mark.parametrize(
    ("host", "is_below"),
    [
        ("fcm.googleapis.com", False),
        ("updates.push.services.mozilla.com", False),
        ("wns1.notify.windows.com", True),
        ("*.notify.windows.com", True),
        ("unknown", False),
    ],
)
def test_what_may_be_made_up_is_known(app: Flask, host: str, is_below: bool) -> None:
    with app.app_context():
        assert push_services.is_below_a_wildcard(host) is is_below


def test_old_ones_do_not_count_as_new(
    app: Flask, susan: Browser, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_services, "MOST_NEW_BELOW_A_WILDCARD", 1)
    subscribe(susan.client, below_a_wildcard(0))
    with app.app_context():
        begin_write()
        db.session.execute(update(PushService).values(created_at=hands.now() - timedelta(hours=2)))
        db.session.commit()
    subscribe(susan.client, below_a_wildcard(1))
    assert hosts(app)[-1] == "wns1.notify.windows.com"
