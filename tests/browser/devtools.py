"""What DevTools can do and a page cannot: press the button "Push" of a service worker, answer the browser's question,
and read the page as a screen reader does."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import CDPSession, Page, Worker

WAIT_SECONDS = 30.0
_LANDING_PLACES = ("RootWebArea", "main")  # they take the focus, but the Tab key does not stop there
_ACTIVE = "async () => (await navigator.serviceWorker.ready).active.scriptURL"
# Chromium forgets a notification whose site asks for its notifications while it is being shown: so one asks later.
_COUNT = """() => {
  if (self.shown !== undefined) return;
  self.shown = 0;
  const show = self.registration.showNotification.bind(self.registration);
  self.registration.showNotification = async (...given) => {
    await show(...given);
    self.shown += 1;
  };
}"""
_SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  return (await registration.getNotifications()).map(({ title, body, tag, lang, timestamp, data, icon, badge }) =>
    ({ title, body, tag, lang, timestamp, url: data?.url ?? null, icon, badge }));
}"""
_CLOSE = """async () => {
  const registration = await navigator.serviceWorker.ready;
  for (const notification of await registration.getNotifications()) notification.close();
}"""


@dataclass(frozen=True)
class Shown:
    title: str
    body: str
    tag: str
    lang: str
    timestamp: float
    url: str | None
    icon: str
    badge: str


class PushButton:
    """Of the worker that serves this page. The text is handed to the worker as it is; none at all is a push without."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._devtools: CDPSession = page.context.new_cdp_session(page)
        self._ids: dict[str, str] = {}
        self._devtools.on("ServiceWorker.workerRegistrationUpdated", self._remember)
        self._worker = self._find_worker(page.evaluate(_ACTIVE))
        self._worker.evaluate(_COUNT)
        self._devtools.send("ServiceWorker.enable")
        self._scope: str = page.evaluate("location.origin + '/'")

    def press(self, text: str) -> list[Shown]:
        """All that is shown afterwards."""
        _wait_until(self.page, lambda: self._scope in self._ids, "no worker serves this site")
        before = self._worker.evaluate("self.shown")
        push = {"origin": self._scope, "registrationId": self._ids[self._scope], "data": text}
        self._devtools.send("ServiceWorker.deliverPushMessage", push)
        _wait_until(self.page, lambda: self._worker.evaluate("self.shown") > before, f"nothing is shown for {text!r}")
        return self._shown()

    def shows(self, text: str) -> Shown:
        """What becomes of a push when nothing else is shown. It is closed again."""
        (shown,) = self.press(text)
        self.close_all()
        return shown

    def press_together(self, texts: Sequence[str]) -> list[Shown]:
        """As fast as they can come; all that is shown afterwards."""
        before = self.ask("self.shown")
        for text in texts:
            push = {"origin": self._scope, "registrationId": self._ids[self._scope], "data": text}
            self._devtools.send("ServiceWorker.deliverPushMessage", push)
        _wait_until(self.page, lambda: self.ask("self.shown") >= before + len(texts), "not all are shown")
        return self.settled()

    def settled(self) -> list[Shown]:
        """All that is shown when the worker has done what it was at."""
        self.ask(f"Promise.race([turn, new Promise((late) => setTimeout(late, {WAIT_SECONDS * 1000}))])")
        return self._shown()

    def ask(self, expression: str) -> Any:
        """The worker itself."""
        return self._worker.evaluate(expression)

    def close_all(self) -> None:
        self.page.evaluate(_CLOSE)
        _wait_until(self.page, lambda: self._shown() == [], "they do not close")

    def _shown(self) -> list[Shown]:
        return [Shown(**each) for each in self.page.evaluate(_SHOWN)]

    def _find_worker(self, address: str) -> Worker:
        def found() -> list[Worker]:
            return [worker for worker in self.page.context.service_workers if worker.url == address]

        _wait_until(self.page, lambda: bool(found()), f"there is no worker {address}")
        return found()[-1]

    def _remember(self, event: dict[str, Any]) -> None:
        self._ids |= {each["scopeURL"]: each["registrationId"] for each in event["registrations"]}


def wait_until(page: Page, expression: str) -> None:
    """Until the page says so. Playwright's own way has the page evaluate texts, which our pages allow nobody."""
    _wait_until(page, lambda: page.evaluate(f"Boolean({expression})") is True, f"it is not so: {expression}")


def _wait_until(page: Page, is_so: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, otherwise
        page.wait_for_timeout(10)


def leave_unanswered(page: Page, origin: str) -> None:
    """The browser's question is closed at once and nothing is chosen. Else a private window says no after a while."""
    session = page.context.new_cdp_session(page)
    window = session.send("Target.getTargetInfo")["targetInfo"]["browserContextId"]
    session.detach()
    assert page.context.browser is not None
    # Never detached: what it has said is forgotten then.
    of_the_browser = page.context.browser.new_browser_cdp_session()
    what = {"permission": {"name": "notifications"}, "setting": "prompt", "origin": origin, "browserContextId": window}
    of_the_browser.send("Browser.setPermission", what)


def nameless(page: Page) -> list[str]:
    """What can take the focus and has no name that a screen reader could say."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    reachable = [node for node in nodes if _takes_focus(node)]
    assert len(reachable) > 3, "the tree of the page is not there"
    found = [node for node in reachable if not str(node.get("name", {}).get("value", "")).strip()]
    described = [session.send("DOM.describeNode", {"backendNodeId": node["backendDOMNodeId"]}) for node in found]
    session.detach()
    return [f"{each['node']['localName']} {each['node']['attributes']}" for each in described]


def _takes_focus(node: dict[str, Any]) -> bool:
    if node["ignored"] or node["role"]["value"] in _LANDING_PLACES:
        return False
    return any(each["name"] == "focusable" and each["value"]["value"] for each in node.get("properties", []))
