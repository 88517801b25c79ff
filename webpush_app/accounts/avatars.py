"""A picture for everybody, made here from the name: a colour and the first letter. Nobody's address goes anywhere."""

import hashlib
from dataclasses import dataclass

# Calm, and dark enough for a white letter on it (contrast at least 4.5 : 1).
_COLOURS = (
    "#0f6b63",
    "#2f5f9e",
    "#6a4f9c",
    "#9a3f6b",
    "#a2452f",
    "#7a5a17",
    "#4d6b1e",
    "#276b45",
    "#3f5870",
    "#75497a",
)


@dataclass(frozen=True)
class Avatar:
    colour: str
    letter: str


def avatar(username: str) -> Avatar:
    digest = hashlib.sha256(username.lower().encode()).digest()
    letter = next((letter for letter in username if letter.isalnum()), "?")
    return Avatar(colour=_COLOURS[digest[0] % len(_COLOURS)], letter=letter.upper())
