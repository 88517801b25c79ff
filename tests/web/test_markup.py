"""The markup of every page: nothing that the headers forbid, no form without its token, no field without a name."""

from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.delivery.happenings import Happenings
from tests.people import PASSWORD, Browser, People, submit
from tests.push.service import MOZILLA
from tests.web.addresses import paths
from webpush_app.accounts import first_admin
from webpush_app.database import begin_write, db
from webpush_app.delivery.models import State
from webpush_app.delivery.watch_models import OperatorAlert
from webpush_app.subscriptions.models import Off
from webpush_app.subscriptions.push_services import Pause

Tag = tuple[str, dict[str, str]]

WITH_ADDRESSES = ["href", "src", "action", "formaction", "data-card", "data-panel", "data-notifications-url"]
WITH_ADDRESSES += ["data-push-worker", "data-push-api", "data-broadcast-url"]


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self.texts_of_scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style") and data.strip():
            self.texts_of_scripts.append(data)

    def all(self, *names: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture
def pages(app: Flask, people: People, stranger: FlaskClient) -> dict[str, str]:
    """Every page, with something on it: empty forms, forms with mistakes, messages, errors."""
    with app.app_context():
        begin_write()
        token = first_admin.new_token()
        db.session.commit()
    shown = {path: stranger.get(path).text for path in ("/", "/login", "/register", f"/first-admin/{token}", "/none")}
    for path in ("/login", "/register", f"/first-admin/{token}"):
        shown[f"{path} with mistakes"] = submit(stranger, path, {"username": "x y"}).text
    susan, john = people.browser("susan"), people.browser("john")
    people.write(john.user_id, susan.user_id, "<b>one</b>", "two")
    people.browser("susan")
    found = list(paths(app, "GET", for_strangers=False, for_programs=False))
    found.remove("/notifications")
    shown |= {f"{path} signed in": susan.get(path).text for path in found}
    shown |= {f"{path} signed in": susan.get(path).text for path in ("/", "/user/susan", "/user/susan/popup", "/none")}
    for path in ("/edit_profile", "/change_password", "/send_message/john", "/messages/with/john"):
        shown[f"{path} with mistakes"] = susan.submit(path, {"message": "x" * 999, "about_me": "x" * 999}).text
    return shown | _pages_of_an_admin(people, found)


def _pages_of_an_admin(people: People, paths_of_pages: list[str]) -> dict[str, str]:
    """Before there is a contact address, which every page says then, and after."""
    people("admin", is_admin=True)
    admin = people.browser("admin")
    _make_pushes(Happenings(people.app), admin.user_id)
    admin.submit("/admin", {"title": "<b>News</b>", "body": "x", "audience": "everyone"})
    of_pushes = ("/admin/pushes?state=dead", "/admin/pushes/2", "/admin/pushes/trace?q=1", "/admin/pushes/trace?q=?")
    more = ("/", "/user/admin", *of_pushes, "/admin/pushes/trace?q=admin", "/admin/pushes/trace?q=broadcast:1")
    shown = {f"{path} of an admin": admin.get(path).text for path in (*paths_of_pages, *more)}
    shown["/admin with mistakes"] = admin.submit("/admin", {"link": "//evil.example", "body": "x" * 999}).text
    shown["/admin/contact with mistakes"] = admin.submit("/admin/contact", form_at="/admin").text
    assert "A contact address is missing" in shown["/admin of an admin"]
    admin.submit("/admin/contact", {"contact_email": "ops@example.com"}, form_at="/admin")
    shown["/admin with a contact address"] = admin.get("/admin").text
    assert "A contact address is missing" not in shown["/admin with a contact address"]
    return shown


def _make_pushes(happenings: Happenings, admin_id: int) -> None:
    """One that waits, one that was given up, one of which somebody has to know, and a browser that is off."""
    happenings.browser(admin_id)
    happenings.broadcast(admin_id, "<b>News</b>")
    happenings.test(1)
    happenings.end(2, State.FAILED, "refused_request", answer_status=400, said="<b>no</b>")
    happenings.turn_off(happenings.browser(admin_id), Off.SIGNED_OUT)
    happenings.pause(MOZILLA, Pause.BROKEN, 60)
    happenings.writing(lambda: db.session.add(OperatorAlert(kind="host_down", about=MOZILLA, said="<b>503</b>")))


def test_nothing_is_written_into_a_page_that_should_stand_in_a_file(pages: dict[str, str]) -> None:
    for where, text in pages.items():
        page = Page(text)
        assert page.texts_of_scripts == [], where
        assert page.all("style", "base", "iframe", "object", "embed") == [], where
        assert all("src" in script for script in page.all("script")), where
        for tag, attributes in page.tags:
            assert "style" not in attributes, (where, tag, attributes)
            assert not [name for name in attributes if name.startswith("on")], (where, tag, attributes)
            assert "srcdoc" not in attributes


def test_every_address_in_a_page_is_our_own(pages: dict[str, str]) -> None:
    for where, text in pages.items():
        for tag, attributes in Page(text).tags:
            for name in WITH_ADDRESSES:
                address = attributes.get(name) or "/"
                assert address.startswith(("/", "#")), (where, tag, address)
                assert not address.startswith("//"), (where, tag, address)


def test_every_form_that_changes_something_carries_its_token(pages: dict[str, str]) -> None:
    for where, text in pages.items():
        page = Page(text)
        forms = [form for form in page.all("form") if form.get("method", "get").lower() == "post"]
        tokens = [field["value"] for field in page.all("input") if field.get("name") == "csrf_token"]
        assert len(forms) == len(tokens), where
        assert all(tokens), where


def test_every_field_has_a_name_that_can_be_read_aloud(pages: dict[str, str]) -> None:
    for where, text in pages.items():
        page = Page(text)
        labelled = {label.get("for") for label in page.all("label")}
        for field in page.all("input", "select", "textarea"):
            if field.get("type") not in ("hidden", "submit"):
                assert field.get("id") in labelled or field.get("aria-label"), (where, field)


def test_an_id_stands_once_on_a_page(pages: dict[str, str]) -> None:
    for where, text in pages.items():
        ids = [attributes["id"] for _tag, attributes in Page(text).tags if "id" in attributes]
        # Each form's own token has the same id; nothing refers to it.
        ids = [one for one in ids if one != "csrf_token"]
        assert len(ids) == len(set(ids)), where


def test_a_page_says_its_language_and_has_one_title_and_one_heading(pages: dict[str, str]) -> None:
    for where, text in pages.items():
        if any(piece in where for piece in ("popup", "panel", "/inbox/1")):  # a piece of a page, or the way to one
            continue
        page = Page(text)
        assert page.all("html")[0]["lang"] == "en", where
        assert len(page.all("title")) == len(page.all("main")) == len(page.all("h1")) == 1, where


def test_a_mistake_is_read_aloud_with_its_field(susan: Browser) -> None:
    page = Page(susan.submit("/change_password", {"old_password": PASSWORD, "password": "x", "password2": "x"}).text)
    (field,) = (field for field in page.all("input") if field.get("name") == "password")
    assert field["aria-invalid"] == "true"
    assert field["aria-description"] == "A password has at least 8 characters."


def test_no_password_is_sent_back(susan: Browser, stranger: FlaskClient) -> None:
    fields = {"old_password": PASSWORD, "password": PASSWORD, "password2": "differs", "username": "x y"}
    for answer in (susan.submit("/change_password", fields), submit(stranger, "/register", fields)):
        assert answer.status_code == 422
        assert PASSWORD not in answer.text
