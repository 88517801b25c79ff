"""Where Chromium is missing, the tests that need it are skipped and named at the end; in CI that is a failure."""

import os
import shutil

import pytest

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
_skipped: list[str] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM:
        return
    for item in items:
        if item.get_closest_marker("browser"):
            if os.environ.get("CI") == "true":
                item.add_marker(pytest.mark.usefixtures("_chromium_is_required"))
            else:
                _skipped.append(item.name)
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed"))


@pytest.fixture
def _chromium_is_required() -> None:
    pytest.fail("CI must run the browser tests, and Chromium is not installed", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _skipped:
        terminalreporter.write_line(
            f"Skipped, because Chromium is not installed (apt install chromium): {', '.join(sorted(_skipped))}",
            yellow=True,
        )
