"""One tab of a Firefox: what a person does there, and what a test asks of it."""

import base64
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.push.firefox_bidi import CommandFailed, PageError, Session

BACKSPACE = "\ue003"


@dataclass(frozen=True)
class Tab:
    session: Session
    context: str

    @property
    def url(self) -> str:
        tree = self.session.command("browsingContext.getTree", root=self.context, maxDepth=0)
        return str(tree["contexts"][0]["url"])

    def go(self, url: str) -> None:
        self.session.command("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def reload(self) -> None:
        self.session.command("browsingContext.reload", context=self.context, wait="complete")

    def close(self) -> None:
        self.session.command("browsingContext.close", context=self.context)

    def come_to_front(self) -> None:
        self.session.command("browsingContext.activate", context=self.context)

    def evaluate(self, expression: str, user_activation: bool = False) -> Any:
        """Its value, plain; a promise is awaited."""
        return self.session.evaluate(self.context, expression, user_activation)

    def wait_for(self, expression: str, timeout: float = 30.0) -> Any:
        """Until it is true, over page loads too; gives its value."""
        deadline = time.monotonic() + timeout
        problem = ""
        while time.monotonic() < deadline:
            try:
                if value := self.evaluate(expression):
                    return value
            except (PageError, CommandFailed) as error:  # not there yet, or the page changed under it
                problem = str(error)
            time.sleep(0.05)
        raise AssertionError(f"{expression} is not true after {timeout} s at {self.url}. {problem}")

    def click(self, selector: str) -> None:
        """A real click, which counts as the person's wish."""
        element = self._element(selector)
        steps = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": {"type": "element", "element": element}},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._perform({"type": "pointer", "id": "mouse", "actions": steps})

    def fill(self, selector: str, text: str) -> None:
        """Typed in place of what stands there."""
        self._element(selector)
        self.evaluate(f"(() => {{ const it = {_query(selector)}; it.focus(); it.select() }})()")
        self.press(*(text or BACKSPACE))

    def press(self, *keys: str) -> None:
        """Keys by what they write, or by WebDriver's code points for the others."""
        steps = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._perform({"type": "key", "id": "keyboard", "actions": steps})

    def text(self, selector: str = "body") -> str:
        return str(self.evaluate(f"{_query(selector)}.innerText"))

    def screenshot(self, path: Path) -> None:
        shot = self.session.command("browsingContext.captureScreenshot", context=self.context)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _element(self, selector: str) -> dict[str, str]:
        """Waited for, and brought into view: one cannot click what is not on the screen."""
        self.wait_for(f"{_query(selector)}?.checkVisibility()")
        self.evaluate(f"{_query(selector)}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        locator = {"type": "css", "value": selector}
        found = self.session.command(
            "browsingContext.locateNodes", context=self.context, locator=locator, maxNodeCount=1
        )
        return {"sharedId": found["nodes"][0]["sharedId"]}

    def _perform(self, source: dict[str, object]) -> None:
        self.session.command("input.performActions", context=self.context, actions=[source])


def _query(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})"
