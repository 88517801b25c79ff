"""WebDriver BiDi, the remote control that Firefox speaks itself: commands and answers over one WebSocket."""

import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.push.firefox_values import as_plain

COMMAND_SECONDS = 30.0


class PageError(AssertionError):
    """What the page's script threw."""


class CommandFailed(AssertionError):
    """Firefox could not do what it was told; `kind` is BiDi's name of the reason, "no such frame" for one."""

    def __init__(self, method: str, kind: str, message: str) -> None:
        super().__init__(f"{method}: {kind}: {message}")
        self.kind = kind


class Session:
    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.events: list[dict[str, Any]] = []

    def command(self, method: str, **params: object) -> dict[str, Any]:
        with self._lock:
            number = next(self._numbers)
            self._connection.send(json.dumps({"id": number, "method": method, "params": params}))
            while True:
                message: dict[str, Any] = json.loads(self._connection.recv(timeout=COMMAND_SECONDS))
                if message.get("id") == number:
                    break
                if message["type"] == "event":
                    self.events.append(message)
        if message["type"] == "error":
            raise CommandFailed(method, message["error"], message["message"])
        result: dict[str, Any] = message["result"]
        return result

    def evaluate(self, context: str, expression: str, user_activation: bool) -> Any:
        done = self.command(
            "script.evaluate",
            expression=expression,
            target={"context": context},
            awaitPromise=True,
            userActivation=user_activation,
            serializationOptions={"maxObjectDepth": 10},
        )
        if done["type"] == "exception":
            raise PageError(_said(done["exceptionDetails"], expression))
        return as_plain(done["result"])


@contextmanager
def session(url: str) -> Iterator[Session]:
    """Dialogs of pages are accepted as they come; what pages write to their consoles is kept among the events."""
    with connect(url, max_size=None, ping_interval=None, close_timeout=1, proxy=None) as connection:
        made = Session(connection)
        made.command("session.new", capabilities={"alwaysMatch": {"unhandledPromptBehavior": {"default": "accept"}}})
        made.command("session.subscribe", events=["log.entryAdded"])
        yield made


def _said(details: Mapping[str, Any], expression: str) -> str:
    return f"{details['text']}\n(line {details['lineNumber']}, while evaluating {expression})"
