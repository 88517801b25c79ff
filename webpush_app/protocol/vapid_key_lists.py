"""Several private keys in one text, newest first: how they are kept in a file, and given as a setting.

Written, each has a line of its own, with the moment it was made behind it. Read is every form in which people keep
keys, with commas or white space between them, so that what was one key before there could be several still is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from webpush_app.protocol.vapid_keys import BadKey, VapidKey, read_private

# A PEM block has white space within it (or \n for it, where it stands on one line), as does what `openssl ecparam`
# writes above the key and nobody needs.
_PARTS = re.compile(
    r"(?P<idle>-----BEGIN EC PARAMETERS-----.*?-----END EC PARAMETERS-----(?:\\n)*)"
    r"|(?P<key>-----BEGIN .*?(?:-----END [A-Z ]*-----(?:\\n)*|\Z)|[^\s,#]+)"
    r"|\#(?P<note>[^\n]*)",
    re.DOTALL,
)
_MADE = re.compile(r"\bmade (\S+)")


@dataclass
class _Part:
    text: str
    line: int
    note: str = ""


def read_keys(text: str) -> tuple[VapidKey, ...]:
    """At least one, each of them once. Raises BadKey for anything else: a key that is skipped would be a key lost."""
    parts = _parts(text)
    found = [_read(part) for part in parts]
    keys = [key for key in found if isinstance(key, VapidKey)]
    if not keys:  # it may be one that is wrapped to the length of lines
        return (read_private(text),)
    for number, key in enumerate(found, 1):
        if isinstance(key, BadKey):
            raise BadKey(str(key), number=number, line=parts[number - 1].line)
    unique: dict[str, VapidKey] = {}
    for one in keys:
        unique.setdefault(one.public, one)
    return tuple(unique.values())


def write_keys(keys: Sequence[VapidKey]) -> str:
    return "".join(f"{key.private_text}{_note(key.made_at)}\n" for key in keys)


def _parts(text: str) -> list[_Part]:
    parts: list[_Part] = []
    for found in _PARTS.finditer(text):
        if found["key"]:
            parts.append(_Part(found["key"], text.count("\n", 0, found.start()) + 1))
        elif found["note"] and parts:
            parts[-1].note += found["note"]
    return parts


def _read(part: _Part) -> VapidKey | BadKey:
    try:
        return replace(read_private(part.text), made_at=_made_at(part.note))
    except BadKey as problem:
        return problem


def _made_at(note: str) -> datetime | None:
    said = _MADE.search(note)
    try:
        moment = datetime.fromisoformat(said[1]) if said else None
    except ValueError:  # somebody's own words
        return None
    return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _note(made_at: datetime | None) -> str:
    return f"  # made {made_at.astimezone(UTC).isoformat(timespec='seconds')}" if made_at else ""
