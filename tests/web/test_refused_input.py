"""What no keyboard types and no person sends is refused at the door: NUL, and bodies without end."""

from io import BytesIO
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.people import PASSWORD, Browser, People, csrf_token
from tests.web.addresses import paths
from webpush_app.web import json_requests
from webpush_app.web.guards import MOST_BODY_BYTES

NOT_TEXT = "What you sent holds a character that is not text."
FORM = "application/x-www-form-urlencoded"
OWN = {"Origin": "http://localhost"}
WITH_NUL = ["/user/su%00san", "/%00", "/static/%00", "/send_message/%00", "/first-admin/%00", "/sessions/1%00/end"]
WITH_NUL += ["/people?q=%00", "/people?%00=1", "/people?page=1%00", "/login?next=/%00", "/notifications?since=%00"]
WITH_NUL += ["/healthz?%00"]


@pytest.mark.parametrize("path", WITH_NUL)
def test_nul_in_an_address_is_refused(susan: Browser, stranger: FlaskClient, path: str) -> None:
    for client in (susan.client, stranger):
        answer = client.get(path)
        assert answer.status_code == 400
        assert NOT_TEXT in answer.text


def test_nul_in_a_query_is_refused_however_it_is_written(stranger: FlaskClient) -> None:
    for query in ("q=\0", "q=%00", "\0", "q=a&%00=b"):
        assert stranger.get("/login", environ_overrides={"QUERY_STRING": query}).status_code == 400, query
    assert stranger.get("/login", environ_overrides={"QUERY_STRING": "q=%2500"}).status_code == 200


def test_nul_in_any_field_of_any_form_is_refused(app: Flask, admin: Browser, john: Browser) -> None:
    token = csrf_token(admin.get("/edit_profile"))
    forms = [*paths(app, "POST", for_strangers=True), *paths(app, "POST", for_strangers=False)]
    for path in forms:
        for fields in ({"message": "a\0b"}, {"password": "\0"}, {"\0": "x"}, {"unknown": "x\0"}):
            answer = admin.client.post(path, data={"csrf_token": token, **fields}, headers=OWN)
            assert answer.status_code == 400, (path, fields)
            assert NOT_TEXT in answer.text


def test_nul_in_the_name_of_an_account_is_refused_everywhere(people: People, stranger: FlaskClient) -> None:
    people("susan")
    token = csrf_token(stranger.get("/login"))
    fields = {"csrf_token": token, "username": "susan\0", "password": PASSWORD, "password2": PASSWORD}
    for path in ("/login", "/register"):
        assert stranger.post(path, data=fields).status_code == 400


@pytest.mark.parametrize("size", [1024 * 1024, MOST_BODY_BYTES + 1])
def test_a_body_too_large_is_refused(app: Flask, admin: Browser, size: int) -> None:
    token = csrf_token(admin.get("/edit_profile"))
    body = f"csrf_token={token}&about_me=".encode().ljust(size, b"x")
    for path in paths(app, "POST", for_strangers=False):
        answer = admin.client.post(path, data=body, content_type=FORM)
        assert answer.status_code == 413, path
        assert "What you sent is too large." in answer.text


def test_nor_is_one_that_does_not_say_what_it_is(admin: Browser) -> None:
    assert admin.client.get("/people", data=b"x" * (MOST_BODY_BYTES + 1)).status_code == 413


@pytest.mark.parametrize("path", ["/api/push-subscriptions", "/admin-api/trigger-push-notifications"])
def test_a_program_may_send_less_than_a_form(admin: Browser, path: str) -> None:
    body = b'{"title": "'.ljust(json_requests.MOST_BODY_BYTES + 1, b"x")
    without_length = {"input_stream": BytesIO(body), "environ_overrides": {"wsgi.input_terminated": True}}
    for said in ({"data": body}, without_length):
        answer = admin.client.post(path, content_type="application/json", headers=OWN, **said)
        assert answer.status_code == 413
        assert "What you sent is too large." in (answer.json or {})["message"]
    answer = admin.client.post(path, content_type="application/json", headers=OWN, data=body[:-1])
    assert answer.status_code == 400  # read, and found to be no JSON


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff", b"[" * 8000, b'{"a":' * 3000, b"NaN"])
@pytest.mark.parametrize("path", ["/api/push-subscriptions", "/admin-api/trigger-push-notifications"])
def test_a_body_that_is_no_json_object_is_answered(admin: Browser, path: str, body: bytes) -> None:
    answer = admin.client.post(path, content_type="application/json", headers=OWN, data=body)
    assert answer.status_code == 400
    assert (answer.json or {})["message"] == "The body must be a JSON object."


def test_a_stranger_is_refused_in_the_same_way(app: Flask, stranger: FlaskClient) -> None:
    for path in paths(app, "POST", for_strangers=True):
        assert stranger.post(path, data=b"a=" + b"x" * 1024 * 1024, content_type=FORM).status_code == 413, path


@pytest.mark.parametrize("disposition", ['name="about_me"', 'name="upload"; filename="x.bin"'], ids=["field", "file"])
def test_a_multipart_body_too_large_is_refused(susan: Browser, disposition: str) -> None:
    token = csrf_token(susan.get("/edit_profile"))
    parts = {'name="csrf_token"': token, disposition: "x" * 1024 * 1024}
    body = "".join(
        f"--edge\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n" for head, text in parts.items()
    )
    kind = "multipart/form-data; boundary=edge"
    answer = susan.client.post("/edit_profile", data=f"{body}--edge--\r\n".encode(), content_type=kind)
    assert answer.status_code == 413


@pytest.mark.parametrize(("path", "field"), [("/edit_profile", "about_me"), ("/send_message/john", "message")])
def test_a_file_in_the_place_of_a_text_is_no_text(susan: Browser, john: Browser, path: str, field: str) -> None:
    token = csrf_token(susan.get(path))
    file = f'--edge\r\nContent-Disposition: form-data; name="{field}"; filename="x"\r\n\r\nfrom a file\r\n--edge--\r\n'
    answer = susan.client.post(
        f"{path}?x=1", data=file, headers={"X-CSRFToken": token}, content_type="multipart/form-data; boundary=edge"
    )
    assert answer.status_code in (302, 422)
    assert "from a file" not in john.get("/messages").text + john.get("/user/susan").text


def test_a_body_that_does_not_say_its_length_is_refused_as_well(susan: Browser) -> None:
    token = csrf_token(susan.get("/edit_profile"))
    answer = susan.client.post(
        "/edit_profile",
        input_stream=BytesIO(f"csrf_token={token}&about_me=".encode().ljust(1024 * 1024, b"x")),
        content_type=FORM,
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 413


def test_a_body_as_large_as_is_allowed_is_read(susan: Browser) -> None:
    fields = {"csrf_token": csrf_token(susan.get("/edit_profile")), "locale": "en"}
    body = f"{urlencode(fields)}&about_me=".encode().ljust(MOST_BODY_BYTES, b"x")
    assert susan.client.post("/edit_profile", data=body, content_type=FORM).status_code == 422


@pytest.mark.parametrize("body", [b"\xff\xfe=\xff", b"%zz=%", b"a&&&=&=b", b"=" * 5000, b""])
def test_a_body_that_is_no_form_is_answered(susan: Browser, body: bytes) -> None:
    assert susan.client.post("/edit_profile", data=body, content_type=FORM).status_code == 400


@pytest.mark.parametrize(
    "path", ["/user/%ff", "/people?q=%ff", "/%F0%9F%98%80", "/user/%ed%a0%80", "/people?page=%00%ff"]
)
def test_an_address_that_is_no_text_is_answered(susan: Browser, path: str) -> None:
    assert susan.get(path).status_code in (200, 400, 404)


@pytest.mark.parametrize("header", ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"])
@pytest.mark.parametrize("path", ["/messages", "/messages/with/john"])
def test_a_page_that_reads_messages_is_not_opened_by_a_prefetch(
    susan: Browser, john: Browser, header: str, path: str
) -> None:
    john.send("susan", "Hello!")
    answer = susan.get(path, headers={header: "Prefetch;prerender"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert susan.badge() == 1
