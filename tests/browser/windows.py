"""People at their browser windows. Every window is watched for what no page may do."""

import itertools
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest
from playwright.sync_api import (
    APIResponse,
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Response,
    ViewportSize,
)

from tests.people import PASSWORD

WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 740}
both_sizes = pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])

POLL_SECONDS = 1
WITHIN_A_POLL_MS = POLL_SECONDS * 1000 + 4000  # the machine may be busy
LONGEST_NAME = 32

# No fault of the page: what was not loaded is looked at as a response, and these windows are private ones.
_HARMLESS = ("Failed to load resource", "Chrome currently does not support the Push API in incognito mode")

# Headless windows are never really hidden: the page is told so, as the browser would tell it.
CAN_BE_HIDDEN = """
let isHidden = false;
Object.defineProperty(document, "hidden", { get: () => isHidden });
Object.defineProperty(document, "visibilityState", { get: () => (isHidden ? "hidden" : "visible") });
window.setHidden = (value) => {
  isHidden = value;
  document.dispatchEvent(new Event("visibilitychange"));
};
"""

_numbers = itertools.count(1)


@dataclass
class Person:
    name: str
    context: BrowserContext

    @cached_property
    def page(self) -> Page:
        """Opened when it is first looked at: who only sends needs none."""
        return self.context.new_page()

    @property
    def badge(self) -> Locator:
        return badge_of(self.page)

    def visit(self, path: str) -> Page:
        self.page.goto(path)
        return self.page

    def post(self, path: str, fields: dict[str, str], *, form_at: str | None = None) -> APIResponse:
        return post(self.context, path, fields, form_at=form_at)

    def send(self, recipient: str, *texts: str) -> None:
        """Sent with this window's cookie and token, without the wait for pages."""
        token = _token(self.context, f"/send_message/{recipient}")
        for text in texts:
            form: dict[str, str | float | bool] = {"csrf_token": token, "message": text}
            answer = self.context.request.post(f"/send_message/{recipient}", form=form, max_redirects=0)
            assert answer.status == 302, answer.text()

    def send_by_the_form(self, recipient: str, text: str) -> None:
        page = self.visit(f"/send_message/{recipient}")
        page.get_by_label("Message", exact=True).fill(text)
        page.get_by_role("button", name="Send").click()
        page.get_by_text("Your message has been sent.").wait_for()
        page.wait_for_load_state()


class Windows:
    """Opens windows on the running service. A script that fails, a blocked source or a lost file is a problem."""

    def __init__(self, chromium: Browser, address: str, viewport: ViewportSize) -> None:
        self._chromium = chromium
        self._defaults = {"base_url": address, "viewport": viewport}
        self._contexts: list[BrowserContext] = []
        self.problems: list[str] = []

    def open(self, **options: Any) -> Page:
        """A page of a stranger, in a window of its own."""
        return self.new_context(**options).new_page()

    def new_context(self, **options: Any) -> BrowserContext:
        """Cookies and storage that are shared with no other window."""
        context = self._chromium.new_context(**(self._defaults | options))
        self._contexts.append(context)
        context.on("weberror", lambda error: self.problems.append(f"uncaught: {error.error}"))
        context.on("console", self._listen)
        context.on("response", self._look_at)
        return context

    def newcomer(self, wanted: str, **options: Any) -> Person:
        """Somebody who has just registered; the name is made unique, because the service is shared by the tests."""
        context = self.new_context(**options)
        name = f"{wanted[: LONGEST_NAME - 5]}-{next(_numbers):04}"
        language = {"Accept-Language": options.get("locale", "en-US")}
        fields = {"username": name, "password": PASSWORD, "password2": PASSWORD}
        assert post(context, "/register", fields, headers=language).status == 302
        return Person(name, context)

    def another_of(self, person: Person, **options: Any) -> Person:
        """The same person at a second browser."""
        context = self.new_context(**options)
        assert post(context, "/login", {"username": person.name, "password": PASSWORD}).status == 302
        return Person(person.name, context)

    def sign_out_elsewhere(self, person: Person) -> None:
        """The person ends this browser's session from another one."""
        answer = self.another_of(person).post("/sessions/end-others", {}, form_at=f"/user/{person.name}")
        assert answer.status == 302

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _listen(self, message: ConsoleMessage) -> None:
        is_policy = "Content Security Policy" in message.text
        if is_policy or (message.type == "error" and not message.text.startswith(_HARMLESS)):
            self.problems.append(f"console: {message.text}")

    def _look_at(self, response: Response) -> None:
        if "/static/" in response.url and response.status >= 400:
            self.problems.append(f"{response.status}: {response.url}")


def badge_of(page: Page) -> Locator:
    return page.locator("#message_count")


def fill_in_sign_in(page: Page, name: str) -> None:
    page.wait_for_load_state()
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def post(
    context: BrowserContext,
    path: str,
    fields: dict[str, str],
    *,
    form_at: str | None = None,
    headers: dict[str, str] | None = None,
) -> APIResponse:
    form: dict[str, str | float | bool] = {"csrf_token": _token(context, form_at or path), **fields}
    return context.request.post(path, form=form, headers=headers, max_redirects=0)


def _token(context: BrowserContext, path: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', context.request.get(path).text())
    assert found, f"{path} has no form"
    return found.group(1)
