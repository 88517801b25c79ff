"""Where a program is missing, the tests that need it are skipped and named at the end; in CI that is a failure."""

import os
import shutil

import pytest

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
FIREFOX = os.environ.get("FIREFOX") or shutil.which("firefox-esr")
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")  # where Debian puts it
# What each marker asks for, and Debian's name for it. Notifications are looked at on a message bus of the tests' own.
NEEDED = {
    "browser": {"chromium": CHROMIUM},
    "firefox": {"firefox-esr": FIREFOX},
    "desktop": {"dbus-daemon": shutil.which("dbus-daemon")},
    "nginx": {"nginx-light": NGINX},
    "redis": {"redis-server": shutil.which("redis-server")},
    "systemd": {"systemd": shutil.which("systemd-analyze")},
}
_skipped: list[str] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        needed = [NEEDED[mark.name] for mark in item.iter_markers() if mark.name in NEEDED]
        missing = sorted({name for programs in needed for name, path in programs.items() if not path})
        if missing:
            _leave_out(item, " ".join(missing))


def _leave_out(item: pytest.Item, missing: str) -> None:
    if os.environ.get("CI") == "true":
        item.add_marker(pytest.mark.usefixtures("_programs_are_required"))
    else:
        _skipped.append(f"{item.name} ({missing})")
        item.add_marker(pytest.mark.skip(reason=f"not installed: {missing}"))


@pytest.fixture
def _programs_are_required() -> None:
    pytest.fail("CI must run all tests, and not all of the programs that they need are installed", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _skipped:
        names = " ".join(sorted({name for programs in NEEDED.values() for name in programs} | {"libnotify4"}))
        terminalreporter.write_line(
            f"Skipped, because something is not installed (apt install {names}): " + ", ".join(sorted(_skipped)),
            yellow=True,
        )
