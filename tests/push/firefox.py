"""A real Firefox without a window, with a profile of its own, that gets its pushes from our stand-in."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed

from tests.missing_programs import FIREFOX
from tests.push import firefox_profile
from tests.push.autopush import Autopush
from tests.push.desktop import Desktop
from tests.push.firefox_bidi import CommandFailed, PageError, Session, session
from tests.push.firefox_profile import Permission
from tests.push.firefox_tab import Tab

__all__ = ["CommandFailed", "Firefox", "PageError", "Permission", "Tab", "firefox"]

COMMAND = FIREFOX or "firefox-esr"
# The system access is for pressing the buttons of Firefox's own questions.
ARGUMENTS = ["--headless", "--no-remote", "--remote-debugging-port", "0", "--remote-allow-system-access"]
PANEL, QUESTION = "PopupNotifications.panel", "web-notifications-notification"
START_SECONDS = 30.0
END_SECONDS = 10.0


class Firefox:
    def __init__(self, session: Session, process: subprocess.Popen[bytes]) -> None:
        self.session = session
        self.process = process
        # The tab it starts with stays open and empty: closing the last one would end the browser.
        self._first = str(session.command("browsingContext.getTree")["contexts"][0]["context"])

    def open(self, url: str) -> Tab:
        made = self.session.command("browsingContext.create", type="tab")
        tab = Tab(self.session, made["context"])
        tab.go(url)
        return tab

    def tabs(self) -> list[Tab]:
        """All but the empty one that is always there."""
        contexts = self.session.command("browsingContext.getTree", maxDepth=0)["contexts"]
        return [Tab(self.session, one["context"]) for one in contexts if one["context"] != self._first]

    def wait_for_tab(self, wanted: str | Callable[[str], bool], timeout: float = 30.0) -> Tab:
        """The one whose address ends so, or of whose address the condition is true."""
        fits = wanted if callable(wanted) else lambda url: url.endswith(wanted)
        deadline = time.monotonic() + timeout
        while True:
            found = next((tab for tab in self.tabs() if fits(tab.url)), None)
            if found:
                return found
            assert time.monotonic() < deadline, f"no such tab within {timeout} s, only {[t.url for t in self.tabs()]}"
            time.sleep(0.05)

    def answer_prompt(self, is_allowed: bool, timeout: float = 30.0) -> None:
        """The person answers Firefox's own question whether the site may show notifications."""
        deadline = time.monotonic() + timeout
        while not self.is_asking:
            assert time.monotonic() < deadline, f"Firefox asked nothing within {timeout} s"
            time.sleep(0.05)
        button = "button" if is_allowed else "secondaryButton"
        self._in_the_window(f"{PANEL}.firstElementChild.{button}.click()")

    @property
    def is_asking(self) -> bool:
        """Whether that question is on the screen."""
        state = f"{PANEL}.state === 'open' && {PANEL}.firstElementChild?.id === '{QUESTION}'"
        return bool(self._in_the_window(state))

    def set_permission(self, origin: str, state: str) -> None:
        """The person changes it in the settings, to "granted", "denied" or "prompt"."""
        descriptor = {"name": "notifications"}
        self.session.command("permissions.setPermission", descriptor=descriptor, state=state, origin=origin)

    @property
    def problems(self) -> list[str]:
        """What pages' scripts threw, or wrote as errors, since the start."""
        self.session.command("session.status")  # what happened before its answer has been read then
        entries = [event["params"] for event in self.session.events if event["method"] == "log.entryAdded"]
        return [str(entry["text"]) for entry in entries if entry["level"] == "error"]

    def _in_the_window(self, expression: str) -> Any:
        """In Firefox's own window, around all pages."""
        windows = self.session.command("browsingContext.getTree", maxDepth=0, **{"moz:scope": "chrome"})["contexts"]
        return self.session.evaluate(windows[0]["context"], expression, user_activation=False)


@contextmanager
def firefox(
    folder: Path,
    autopush: Autopush,
    desktop: Desktop | None = None,
    permission: Permission = Permission.ALLOWED,
    **preferences: object,
) -> Iterator[Firefox]:
    """Its profile and its log are in `folder`; started there again, it still has what it had.

    Without a desktop it shows notifications itself, where no test can click them.
    """
    profile = folder / "profile"
    firefox_profile.write(profile, autopush.socket_url, desktop is not None, permission, **preferences)
    with _process(folder, profile, desktop) as process, session(_session_url(profile, process)) as opened:
        try:
            yield Firefox(opened, process)
        finally:
            # It writes down what it has to keep. It may be gone already: then the test says more than this could.
            with suppress(CommandFailed, ConnectionClosed, TimeoutError, subprocess.TimeoutExpired):
                opened.command("browser.close")
                process.wait(END_SECONDS)


@contextmanager
def _process(folder: Path, profile: Path, desktop: Desktop | None) -> Iterator[subprocess.Popen[bytes]]:
    (profile / "WebDriverBiDiServer.json").unlink(missing_ok=True)
    with (
        (folder / "firefox.log").open("ab") as log,
        subprocess.Popen(
            [COMMAND, *ARGUMENTS, "--profile", str(profile)],
            env=_environment(folder, desktop),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # nothing of its group may stay behind


def _environment(folder: Path, desktop: Desktop | None) -> dict[str, str]:
    """Its home is here too, so that it neither finds nor leaves anything in the one of who runs the tests."""
    bus = desktop.address if desktop else f"unix:path={folder / 'no-bus'}"
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "LANGUAGE": "en",
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "DBUS_SESSION_BUS_ADDRESS": bus,
        "MOZ_CRASHREPORTER_DISABLE": "1",
    }


def _session_url(profile: Path, process: subprocess.Popen[bytes]) -> str:
    """Firefox writes down the port that it listens on when it is ready."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"Firefox ended with {process.returncode}: see firefox.log"
        with suppress(FileNotFoundError, json.JSONDecodeError):  # not yet there, or not yet written whole
            said: dict[str, Any] = json.loads((profile / "WebDriverBiDiServer.json").read_text(encoding="utf-8"))
            return f"ws://{said['ws_host']}:{said['ws_port']}/session"
        time.sleep(0.05)
    raise AssertionError(f"Firefox is not ready after {START_SECONDS} s: see firefox.log")
