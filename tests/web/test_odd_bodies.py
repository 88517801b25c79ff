"""Bodies that no form of ours sends: files in the place of texts, and JSON. Each is answered, and nothing is stored."""

from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.people import Browser, People, csrf_token

FORMS = [
    ("/send_message/john", ["message"]),
    ("/messages/with/john", ["message"]),
    ("/edit_profile", ["about_me", "locale"]),
    ("/change_password", ["old_password", "password", "password2"]),
]
JSON = [
    5,
    "abc",
    [1],
    {"message": 5},
    {"about_me": 7},
    {"username": "\ud800"},
    {"password": ["x"]},
    {"message": "a\0b"},
    None,
]


@pytest.mark.usefixtures("john")
@pytest.mark.parametrize(("path", "fields"), FORMS)
def test_a_file_is_no_text(susan: Browser, people: People, path: str, fields: list[str]) -> None:
    files: dict[str, Any] = {name: (BytesIO(b"a file"), "file.txt") for name in fields}
    token = csrf_token(susan.get(path))
    assert susan.client.post(path, data={"csrf_token": token, **files}).status_code == 422
    assert people.bodies() == []


@pytest.mark.usefixtures("john")
@pytest.mark.parametrize("body", JSON, ids=repr)
@pytest.mark.parametrize("path", [path for path, _fields in FORMS])
def test_a_form_does_not_read_json(susan: Browser, people: People, path: str, body: object) -> None:
    token = csrf_token(susan.get(path))
    answer = susan.client.post(path, json=body, headers={"X-CSRFToken": token})
    assert answer.status_code in (400, 422)
    assert people.bodies() == []


@pytest.mark.parametrize("body", JSON, ids=repr)
@pytest.mark.parametrize("path", ["/login", "/register"])
def test_nor_do_the_forms_of_strangers(stranger: FlaskClient, path: str, body: object) -> None:
    token = csrf_token(stranger.get(path))
    assert stranger.post(path, json=body, headers={"X-CSRFToken": token}).status_code in (400, 422)
