"""Somebody at the real Chromium and the real product: what they do on its pages, and what its card tells them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

from playwright.sync_api import ConsoleMessage, Locator, Page, Playwright, expect

from tests.people import PASSWORD
from tests.push import certificate, chromium_backend
from tests.push.chromium import Permission, RealChromium, real_chromium, text_of
from tests.push.chromium_front import HOSTS, SUBTYPE_OF_PAGES
from tests.push.chromium_registry import Registration
from tests.push.desktop import Desktop, Shown, desktop
from tests.push.listener import Asked, Reply
from tests.push.product import Product, product

CARD = "[data-push-card]"
TURN_ON, TURN_OFF, TEST = "Turn on notifications", "Turn off on this browser", "Send me a test"
# A subscription takes a while: Chromium asks the backend first, and a fresh profile has to check in before.
PATIENCE_MS = 15_000
A_PAGE_WITHOUT_SCRIPTS = "/static/css/push.css"
# The browser ends what it had here, as its pages would do it, and forgets the worker.
LEAVE = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/");
  const subscription = await registration?.pushManager.getSubscription();
  if (subscription) {
    const headers = { "Content-Type": "application/json" };
    await fetch("/api/push-subscriptions", { method: "DELETE", headers, body: JSON.stringify(subscription) });
    await subscription.unsubscribe();
  }
  await registration?.unregister();
}"""

# Headless, Chromium answers its own question at once. Here it stays open until the person answers.
ASK = """
const ask = Notification.requestPermission.bind(Notification);
let close = null;
Notification.requestPermission = async () => {
  if (Notification.permission === "default") await new Promise((closed) => { close = closed; });
  return ask();
};
window.isAsking = () => close !== null;
window.closeQuestion = () => { close(); close = null; };
"""


class Backend(chromium_backend.Backend):
    """Its browsers find the addresses that `Product.new_address` makes up, too; and it can keep one waiting."""

    _is_held: threading.Event | None = None
    _may_go: threading.Event

    def flags(self) -> list[str]:
        return [flag.replace("EXCLUDE localhost", "EXCLUDE localhost, EXCLUDE *.localhost") for flag in super().flags()]

    def hold_next_registration(self) -> tuple[threading.Event, threading.Event]:
        """That of a page. The first is set when it has come, and the second lets it go on."""
        self._is_held, self._may_go = threading.Event(), threading.Event()
        return self._is_held, self._may_go

    def _react(self, asked: Asked) -> Reply:
        if self._is_held and SUBTYPE_OF_PAGES in dict(parse_qsl(asked.body.decode("latin-1"))).get("X-subtype", ""):
            is_held, self._is_held = self._is_held, None
            is_held.set()
            self._may_go.wait(PATIENCE_MS / 1000)
        return super()._react(asked)


@contextmanager
def backend_running(folder: Path) -> Iterator[Backend]:
    started = Backend(certificate.make(folder, [*HOSTS, chromium_backend.LOOPBACK, "localhost"]))
    started.start()
    try:
        yield started
    finally:
        started.stop()


@dataclass(frozen=True)
class Stage:
    desktop: Desktop
    backend: Backend
    chromium: RealChromium
    product: Product
    problems: list[str] = field(default_factory=list)
    """What a page must not do: a script that fails, a source that the page's own rules block."""


@contextmanager
def staged(playwright: Playwright, folder: Path, **settings: str) -> Iterator[Stage]:
    with (
        desktop(folder) as screen,
        backend_running(folder) as backend,
        product(folder / "instance", backend.stand_in, backend.ca_file, **settings) as site,
        real_chromium(playwright, folder, backend, screen) as chromium,
    ):
        stage = Stage(screen, backend, chromium, site)
        chromium.context.add_init_script(ASK)
        chromium.context.on("weberror", lambda error: stage.problems.append(f"uncaught: {error.error}"))
        chromium.context.on("console", lambda message: stage.problems.extend(_problems_in(message)))
        yield stage


@dataclass
class Seat:
    """At an address of the site where this Chromium has never been."""

    stage: Stage
    address: str = ""
    expected_refusals: int = 0
    """Pushes that the push service is to refuse; all others it has to take."""

    def __post_init__(self) -> None:
        self.address = self.address or self.stage.product.new_address()

    def open(self, path: str = "/") -> Page:
        return self.stage.chromium.open(f"{self.address}{path}")

    def permit(self, permission: Permission) -> None:
        """What the browser has been told before, in its settings or by an earlier answer."""
        self.stage.chromium.permit_notifications(self.address, permission)

    def answer_question(self, page: Page, permission: Permission) -> None:
        """That of the browser; DEFAULT closes it without an answer."""
        expect(page.get_by_text("Your browser asks you now.")).to_be_visible()
        assert page.evaluate("isAsking()")
        self.permit(permission)
        page.evaluate("closeQuestion()")

    def newcomer(self, wanted: str) -> tuple[Page, str]:
        """Somebody who has just registered, by the form; the name is made unique."""
        page, name = self.open("/register"), self.stage.product.new_name(wanted)
        _send(page, username=name, password=PASSWORD, password2=PASSWORD)
        expect(page.locator("body[data-user]")).to_be_visible()
        return page, name

    def sign_in(self, page: Page, name: str) -> None:
        page.goto(f"{self.address}/login")
        _send(page, username=name, password=PASSWORD)
        expect(page.locator("body[data-user]")).to_be_visible()

    def subscribed(self, wanted: str) -> tuple[Page, str]:
        """Somebody new, who had said yes to the browser before."""
        self.permit(Permission.GRANTED)
        page, name = self.newcomer(wanted)
        wait_for_state(page, "on")
        self.stage.chromium.wait_until_connected()
        return page, name

    def registration(self) -> Registration:
        """The last that the site sends to. A page that was left while it subscribed may have made another after it."""
        known = [row.endpoint for row in self.stage.product.subscriptions()]
        noted = self.stage.backend.registrations
        return [one for one in noted if any(endpoint.endswith(f"/{one.token}") for endpoint in known)][-1]

    def sees(self, title: str, text: str) -> Shown:
        """Waits for the notification."""
        shown = self.stage.desktop.wait_for(lambda one: text_of(one) == text)
        assert shown.title == title
        return shown

    def texts(self) -> list[str]:
        """Of everything that was shown, in its order."""
        return [text_of(shown) for shown in self.stage.desktop.shown]

    def leave(self) -> None:
        """Nothing of it is pushed to when the next test begins, and nothing is on the screen."""
        self.stage.chromium.close_pages()
        blank = self.open(A_PAGE_WITHOUT_SCRIPTS)
        blank.evaluate(LEAVE)
        self.stage.chromium.close_pages()
        for shown in self.stage.desktop.visible:
            self.stage.desktop.close(shown)
        self.stage.desktop.shown.clear()


@contextmanager
def seated(stage: Stage) -> Iterator[Seat]:
    """Whatever a test does there, no page has a problem, and each push is one that the push service takes."""
    refusals, problems = len(stage.backend.refusals), len(stage.problems)
    seat = Seat(stage)
    yield seat
    seat.leave()
    assert (stage.backend.refusals[refusals + seat.expected_refusals :], stage.problems[problems:]) == ([], [])


def sign_out(page: Page) -> None:
    """By the button in the menu, which every page has."""
    page.locator(".menu summary").click()
    page.locator("form[action='/logout'] button").click()
    expect(page.locator("body:not([data-user])")).to_be_visible()


def wait_for_state(page: Page, name: str) -> str:
    """What the card then says, as a person reads it."""
    card = page.locator(CARD)
    expect(card).to_have_attribute("data-push-now", name, timeout=PATIENCE_MS)
    expect(card).not_to_have_attribute("aria-busy", "true", timeout=PATIENCE_MS)
    return card.inner_text()


def button(page: Page, words: str) -> Locator:
    """On the card, and seen: several states of it have such a button."""
    return page.locator(CARD).get_by_role("button", name=words, exact=True)


def _send(page: Page, **fields: str) -> None:
    for name, text in fields.items():
        page.locator(f"[name={name}]").fill(text)
    page.locator("main [type=submit]").click()


def _problems_in(message: ConsoleMessage) -> list[str]:
    is_policy = "Content Security Policy" in message.text
    is_error = message.type == "error" and not message.text.startswith("Failed to load resource")
    return [f"console: {message.text}"] if is_policy or is_error else []
