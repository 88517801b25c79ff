"""What the page `/admin` shows, read out of its markup."""

import re
from dataclasses import dataclass
from html import unescape

from werkzeug.test import TestResponse

NUMBERS = ("waiting", "accepted", "failed", "total")


@dataclass(frozen=True)
class Shown:
    """One broadcast in the list."""

    markup: str

    @property
    def url(self) -> str:
        return _one(r'data-broadcast-url="([^"]+)"', self.markup)

    @property
    def title(self) -> str:
        return unescape(_one(r"<strong[^>]*>(.*?)</strong>", self.markup))

    @property
    def numbers(self) -> dict[str, int]:
        return {name: int(_one(rf'data-count="{name}">(\d+)<', self.markup)) for name in NUMBERS}

    @property
    def bar(self) -> tuple[int, int]:
        """How much of how much."""
        return int(_one(r'<progress[^>]*value="(\d+)"', self.markup)), int(
            _one(r'<progress[^>]*max="(\d+)"', self.markup)
        )

    @property
    def is_done(self) -> bool:
        said = "hidden" not in _one(r"<span([^>]*data-when-done[^>]*)>", self.markup)
        assert said == ('class="row-item broadcast is-done"' in self.markup)
        return said


def broadcasts(answer: TestResponse) -> list[Shown]:
    return [Shown(found) for found in re.findall(r'<li class="row-item broadcast.*?</li>', answer.text, re.DOTALL)]


def choices(answer: TestResponse) -> dict[str, tuple[str, int]]:
    """Each audience: what it is called, and how many browsers it says it reaches."""
    found = re.findall(r'<option([^>]*)data-size="(\d+)"[^>]* value="([^"]+)">([^<]+)</option>', answer.text)
    for _marks, size, _name, words in found:
        assert words.endswith(f" ({size})")
    return {name: (unescape(words), int(size)) for _marks, size, name, words in found}


def chosen(answer: TestResponse) -> str:
    return _one(r'<option[^>]* selected[^>]* value="([^"]+)"', answer.text)


def typed(answer: TestResponse, name: str) -> str:
    """What stands in a field."""
    fields = re.findall(rf'<input[^>]* name="{name}"[^>]* value="([^"]*)"', answer.text)
    fields += re.findall(rf'<textarea[^>]* name="{name}"[^>]*>\r?\n?(.*?)</textarea>', answer.text, re.DOTALL)
    (field,) = fields
    return unescape(field)


def complaints(answer: TestResponse) -> list[str]:
    return [unescape(found.strip()) for found in re.findall(r'invalid-feedback[^>]*">([^<]+)<', answer.text)]


def flash(answer: TestResponse) -> str:
    return unescape(_one(r'<div class="flash flash-success"[^>]*>.*?<span>([^<]+)</span>', answer.text))


def _one(pattern: str, text: str) -> str:
    (found,) = re.findall(pattern, text, re.DOTALL)
    return str(found)
