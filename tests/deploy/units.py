"""The units in `deploy/systemd`, read as systemd reads them: sections of settings, each of which may be there often."""

import re
from collections import defaultdict
from pathlib import Path

from tests.server.running import ROOT

FOLDER = ROOT / "deploy" / "systemd"
CODE = "/srv/webpush"  # where the units expect it
UNITS = sorted(FOLDER.glob("webpush-*"))


def read(unit: Path) -> dict[str, list[str]]:
    """Every setting with its values, whatever its section."""
    settings: dict[str, list[str]] = defaultdict(list)
    for line in unit.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            name, equals, value = line.partition("=")
            assert equals, line
            settings[name].append(value)
    return settings


def commands(unit: Path) -> list[list[str]]:
    """All that a unit runs, with this folder in the place of the installed one."""
    found = [value for name, values in read(unit).items() if name.startswith("Exec") for value in values]
    return [re.sub(rf"{CODE}(?=[/\s]|$)", str(ROOT), command).split() for command in found]


def environment() -> dict[str, str]:
    """The example of the settings, also those that are taken back in it."""
    text = (FOLDER / "environment").read_text(encoding="utf-8")
    return dict(re.findall(r"^#?([A-Z_]+)=(.*)$", text, flags=re.MULTILINE))
