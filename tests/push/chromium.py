"""A real Chromium without a screen: its own push stack talks to the stand-in for Google's backend, and its
notifications go to the desktop of the tests. Its pages are driven with Playwright."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, CDPSession, Page, Playwright

from tests.missing_programs import CHROMIUM
from tests.push.chromium_backend import Backend
from tests.push.desktop import Desktop, Shown

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
# Chromium writes the site and an empty line above the text of a notification.
END_OF_SITE = "\n\n"


class Permission(StrEnum):
    GRANTED = "granted"
    DENIED = "denied"
    DEFAULT = "prompt"


@dataclass
class RealChromium:
    context: BrowserContext
    backend: Backend
    desktop: Desktop

    def open(self, url: str) -> Page:
        page = self.context.new_page()
        page.goto(url)
        return page

    def close_pages(self) -> None:
        """The browser stays: one page is left that belongs to no site."""
        blank = self.context.new_page()
        for page in self.context.pages:
            if page is not blank:
                page.close()

    def allow_notifications(self, origin: str) -> None:
        """The person has said yes. Forgotten when the browser is closed: then to be said again."""
        self.permit_notifications(origin, Permission.GRANTED)

    def permit_notifications(self, origin: str, permission: Permission) -> None:
        """Without this a page reads "default", and "denied" as soon as it asks: there is nobody to see the question."""
        what = {"permission": {"name": "notifications"}, "setting": permission, "origin": origin}
        self._devtools.send("Browser.setPermission", what)

    @cached_property
    def _devtools(self) -> CDPSession:
        """Of the browser, and kept: what it has permitted is forgotten when it ends, as one of a page does."""
        assert self.context.browser is not None
        return self.context.browser.new_browser_cdp_session()

    def wait_until_connected(self) -> None:
        """To the backend: from the first subscription on."""
        self.backend.wait_until_connected()


def text_of(shown: Shown) -> str:
    """What the worker gave as the body."""
    return shown.body.partition(END_OF_SITE)[2]


def site_of(shown: Shown) -> str:
    """The host and port that Chromium names to the person."""
    return shown.body.partition(END_OF_SITE)[0]


@contextmanager
def real_chromium(
    playwright: Playwright, folder: Path, backend: Backend, desktop: Desktop, **options: Any
) -> Iterator[RealChromium]:
    """Its profile is in the folder; one that is there is taken up again. The options are Playwright's for a context.

    A profile on the disk is a must: to one that is held in memory Chromium gives no push.
    """
    context = playwright.chromium.launch_persistent_context(
        folder / "profile",
        executable_path=CHROMIUM,
        args=[*ARGUMENTS, *backend.flags()],
        env=_environment(folder, desktop),
        **options,
    )
    try:
        yield RealChromium(context, backend, desktop)
    finally:
        context.close()


def _environment(folder: Path, desktop: Desktop) -> dict[str, str | float | bool]:
    """Its home is here too, so that it neither finds nor leaves anything in the one of who runs the tests."""
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "LANGUAGE": "en",
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "DBUS_SESSION_BUS_ADDRESS": desktop.address,
    }
