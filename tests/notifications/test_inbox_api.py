"""`POST /api/inbox/read`, for scripts and the service worker."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.broadcasts.site import Site
from tests.notifications.inboxes import Inboxes
from tests.people import Browser, People

PATH = "/api/inbox/read"
OWN = {"Origin": "http://localhost"}


def test_the_answer_says_how_the_inbox_stands_afterwards(susan: Browser, people: People, site: Site) -> None:
    people.write(people("john"), susan.user_id, "one", "two")
    site.start()
    answers = [susan.client.post(PATH, json=body, headers=OWN).json for body in ({"id": 1}, {"id": 3}, {"all": True})]
    assert answers == [
        {"status": "success", "result": {"count": len(unread), "newest": 3, "unread": unread}}
        for unread in ([3, 2], [2], [])
    ]


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"id": 0}, {"id": -1}, {"id": True}, {"id": "1"}, {"id": 1.0}, {"id": 2**53 + 1}, {"id": None}),
        *({"id": [1]}, {"all": False}, {"all": 1}, {"all": "true"}),
    ],
    ids=str,
)
def test_what_names_no_item_is_explained(
    susan: Browser, people: People, inboxes: Inboxes, body: dict[str, Any]
) -> None:
    people.write(people("john"), susan.user_id, "hello")
    answer = susan.client.post(PATH, json=body, headers=OWN)
    said = answer.json or {}
    assert (answer.status_code, said["code"], said["field"]) == (400, "invalid_input", "id")
    assert inboxes.unread(susan.user_id) == [1]


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}], ids=str)
def test_another_site_reads_nothing(susan: Browser, people: People, inboxes: Inboxes, headers: dict[str, str]) -> None:
    people.write(people("john"), susan.user_id, "hello")
    assert susan.client.post(PATH, json={"all": True}, headers=headers).status_code == 403
    assert susan.client.post(PATH, data='{"all": true}', headers=OWN, content_type="text/plain").status_code == 400
    assert inboxes.unread(susan.user_id) == [1]


@pytest.mark.parametrize("method", ["get", "head", "put"])
def test_it_is_asked_by_post_alone(susan: Browser, people: People, inboxes: Inboxes, method: str) -> None:
    people.write(people("john"), susan.user_id, "hello")
    assert getattr(susan.client, method)(PATH, headers=OWN).status_code == 405
    assert inboxes.unread(susan.user_id) == [1]


def test_who_is_signed_out_is_told_so(stranger: FlaskClient) -> None:
    answer = stranger.post(PATH, json={"all": True}, headers=OWN)
    assert (answer.status_code, (answer.json or {})["code"]) == (401, "not_signed_in")
