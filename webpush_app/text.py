"""Text as people see it: how long it is, and whether it is plain text at all.

The database drivers, push payloads and terminals all stumble over control characters, so they are refused once, here.
"""

import unicodedata

import regex

# One visible character may carry accents, joiners and skin tones. The longest emoji in use has eleven code points;
# far beyond that, marks are stacked to break a page.
MOST_CODE_POINTS_A_CHARACTER = 16

# Letters by name, but fonts draw nothing: the Hangul fillers and the empty Braille cell.
_DRAWN_AS_NOTHING = "\u115f\u1160\u3164\uffa0\u2800"

_CHARACTER = regex.compile(r"\X")


def tidy(text: str) -> str:
    """One form for the same text: composed characters, one kind of line break, nothing around it."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def count_characters(text: str) -> int:
    """Characters as a person counts them: a family emoji is one, and so is a letter with its accents."""
    return sum(1 for _ in _CHARACTER.finditer(text))


def is_blank(text: str) -> bool:
    """Nothing to see: empty, or only spaces and invisible characters."""
    return all(
        letter in _DRAWN_AS_NOTHING or unicodedata.category(letter) in ("Zs", "Zl", "Zp", "Cc", "Cf", "Mn")
        for letter in text
    )


def is_overloaded(text: str) -> bool:
    """More marks are stacked on a character than any language needs."""
    return any(len(found.group()) > MOST_CODE_POINTS_A_CHARACTER for found in _CHARACTER.finditer(text))


def has_control_characters(text: str) -> bool:
    """NUL and its like, and halves of surrogate pairs. Line breaks and tabs are text."""
    return any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\r\t" for letter in text)
