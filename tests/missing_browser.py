"""Where a browser is missing, the tests that need it are skipped and named at the end; in CI that is a failure."""

import os
import shutil

import pytest

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
FIREFOX = os.environ.get("FIREFOX") or shutil.which("firefox-esr")
# What each marker asks for, and Debian's name for it. Notifications are looked at on a message bus of the tests' own.
NEEDED = {
    "browser": {"chromium": CHROMIUM},
    "firefox": {"firefox-esr": FIREFOX},
    "desktop": {"dbus-daemon": shutil.which("dbus-daemon")},
    "redis": {"redis-server": shutil.which("redis-server")},
}
_skipped: list[str] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for marker, programs in NEEDED.items():
        missing = [name for name, path in programs.items() if not path]
        for item in items:
            if missing and item.get_closest_marker(marker):
                _leave_out(item, " ".join(missing))


def _leave_out(item: pytest.Item, missing: str) -> None:
    if os.environ.get("CI") == "true":
        item.add_marker(pytest.mark.usefixtures("_browsers_are_required"))
    else:
        _skipped.append(f"{item.name} ({missing})")
        item.add_marker(pytest.mark.skip(reason=f"not installed: {missing}"))


@pytest.fixture
def _browsers_are_required() -> None:
    pytest.fail("CI must run the browser tests, and not all of the browsers are installed", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _skipped:
        terminalreporter.write_line(
            "Skipped, because something is not installed (apt install chromium firefox-esr dbus-daemon libnotify4): "
            + ", ".join(sorted(_skipped)),
            yellow=True,
        )
