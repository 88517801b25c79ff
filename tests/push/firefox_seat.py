"""Somebody at the real Firefox and the real product: what they do on its pages, and what its card tells them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.people import PASSWORD
from tests.push import certificate
from tests.push.autopush import HOST, Autopush, autopush
from tests.push.desktop import Desktop, Shown, desktop
from tests.push.firefox import Firefox, Permission, Tab, firefox
from tests.push.product import Product, product

CARD = "[data-push-card]"
# Several states of the card have such a button, and one state is seen.
TURN_ON, TURN_OFF, TEST = (
    f"{CARD} [data-push-state]:not([hidden]) [data-push-do={it}]" for it in ("on", "off", "test")
)
# The browser ends what it had here, as its pages would do it, and forgets the worker.
LEAVE = """(async () => {
  const registration = await navigator.serviceWorker.getRegistration("/");
  const subscription = await registration?.pushManager.getSubscription();
  if (subscription) {
    const body = JSON.stringify(subscription);
    const headers = { "Content-Type": "application/json" };
    await fetch("/api/push-subscriptions", { method: "DELETE", headers, body });
    await subscription.unsubscribe();
  }
  await registration?.unregister();
})()"""


@dataclass(frozen=True)
class Stage:
    desktop: Desktop
    autopush: Autopush
    firefox: Firefox
    product: Product


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    paper = certificate.make(folder, [HOST, "127.0.0.1"])
    with (
        desktop(folder) as shown,
        autopush(paper) as service,
        product(folder / "instance", f"127.0.0.1:{service.https_port}", paper.ca_file) as site,
        firefox(folder, service, shown, Permission.ASKS) as browser,
    ):
        yield Stage(shown, service, browser, site)


@dataclass
class Seat:
    """At an address of the site where this Firefox has never been."""

    stage: Stage
    address: str = field(init=False)

    def __post_init__(self) -> None:
        self.address = self.stage.product.new_address()

    def open(self, path: str = "/") -> Tab:
        return self.stage.firefox.open(f"{self.address}{path}")

    def newcomer(self, wanted: str) -> tuple[Tab, str]:
        """Somebody who has just registered, by the form; the name is made unique."""
        tab = self.open("/register")
        return tab, self._register(tab, wanted)

    def register(self, tab: Tab, wanted: str) -> str:
        tab.go(f"{self.address}/register")
        return self._register(tab, wanted)

    def sign_in(self, tab: Tab, name: str) -> None:
        tab.go(f"{self.address}/login")
        self._send(tab, username=name, password=PASSWORD)
        tab.wait_for("document.body.dataset.user")

    def sign_out(self, tab: Tab) -> None:
        """By the button in the menu, which every page has."""
        tab.click(".menu summary")
        tab.click("form[action='/logout'] button")
        tab.wait_for("document.body && !document.body.dataset.user")

    def turn_on(self, tab: Tab) -> None:
        """Asked by the browser for the first time, and with a yes."""
        wait_for_state(tab, "ask")
        tab.click(TURN_ON)
        self.stage.firefox.answer_prompt(is_allowed=True)
        wait_for_state(tab, "on")

    def subscribed(self, wanted: str) -> tuple[Tab, str]:
        """Somebody new, who has just turned on notifications."""
        tab, name = self.newcomer(wanted)
        self.turn_on(tab)
        return tab, name

    def sees(self, title: str, body: str) -> Shown:
        """Waits for the notification."""
        shown = self.stage.desktop.wait_for(lambda one: one.body == body)
        assert shown.title == title, f"it was {shown}"
        return shown

    def refused(self) -> list[int]:
        """How the push service answered what it did not take; such an answer is asked for once."""
        statuses = [refusal.status for refusal in self.stage.autopush.refusals]
        self.stage.autopush.refusals.clear()
        return statuses

    def leave(self) -> None:
        for tab in self.stage.firefox.tabs():
            tab.close()
        blank = self.open("/static/css/push.css")  # of the site, but without its scripts
        blank.evaluate(LEAVE)
        blank.close()
        for shown in self.stage.desktop.visible:
            self.stage.desktop.close(shown)
        self.stage.desktop.shown.clear()

    def _register(self, tab: Tab, wanted: str) -> str:
        name = self.stage.product.new_name(wanted)
        self._send(tab, username=name, password=PASSWORD, password2=PASSWORD)
        tab.wait_for("document.body.dataset.user")
        return name

    def _send(self, tab: Tab, **fields: str) -> None:
        for name, text in fields.items():
            tab.fill(f"[name={name}]", text)
        tab.click("main [type=submit]")


@contextmanager
def seated(stage: Stage) -> Iterator[Seat]:
    """Whatever a test does there, no page has a problem, and each push is one that the push service takes."""
    known = len(stage.firefox.problems)
    seat = Seat(stage)
    yield seat
    seat.leave()
    assert (seat.refused(), stage.firefox.problems[known:]) == ([], [])


def wait_for_state(tab: Tab, name: str) -> str:
    """What the card then says, as a person reads it."""
    card = f"document.querySelector('{CARD}')"
    tab.wait_for(f"{card}?.dataset.pushNow === '{name}' && !{card}.ariaBusy")
    return tab.text(CARD)
