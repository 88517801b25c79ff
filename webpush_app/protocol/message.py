"""What a push says, and its bytes. A text that is too long for a push is cut here, between characters as people see
them, so that a push service never has to refuse it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import regex

MAX_ENCRYPTABLE_BYTES = 3993  # encrypted, that is 4096 bytes: all that a push service must take
MAX_JSON_BYTES = 2499  # well below the limit, because some services and old phones stop earlier
MAX_TITLE_BYTES = 300
MAX_URL_BYTES = 1000
MAX_TAG_BYTES = 200
MAX_LANGUAGE_BYTES = 35

ELLIPSIS = "…"

_CHARACTER = regex.compile(r"\X")
_HALF_CHARACTER = regex.compile(r"[\uD800-\uDFFF]")


class PayloadTooLarge(ValueError):
    pass


class Urgency(StrEnum):
    VERY_LOW = "very-low"
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True)
class Message:
    title: str
    body: str = ""
    url: str | None = None
    """A path of this site."""
    tag: str | None = None
    """A later notification with the same tag replaces this one."""
    language: str | None = None
    timestamp_ms: int | None = None

    def shortened(self, title: str | None = None) -> "Message":
        """Without the text, for a push service that finds the whole too large; under another title, if one is given."""
        return replace(self, body="", title=self.title if title is None else title)


def to_payload(message: Message, *, room: int = 0) -> bytes:
    """The JSON that the service worker reads, below 2.5 kB whatever the texts are. The body leaves so much room for
    fields that are added, unless there would be none of it left."""
    fields = {
        "title": _cut(_whole(message.title), MAX_TITLE_BYTES),
        "body": "",
        "url": _fitting(message.url, MAX_URL_BYTES),
        "tag": _short_tag(message.tag),
        "lang": _fitting(message.language, MAX_LANGUAGE_BYTES),
        "timestamp": message.timestamp_ms,
    }
    present = {name: value for name, value in fields.items() if value is not None}
    left = MAX_JSON_BYTES - len(_json(present))
    present["body"] = _cut(_whole(message.body), left - room if room < left - len(ELLIPSIS.encode()) else left)
    return _json(present)


def to_fields(values: Mapping[str, object]) -> bytes:
    """What is said beside the message: any JSON values. As bytes, because what many are told is made only once, and
    these are added for each of them."""
    return b"," + _json(values)[1:-1] if values else b""


def with_fields(payload: bytes, fields: bytes) -> bytes:
    """Fields that do not fit are left out: the text is what a push is for."""
    if not fields or len(payload) + len(fields) > MAX_JSON_BYTES:
        return payload
    return b"%b%b}" % (payload[:-1], fields)


def check_size(payload: bytes) -> None:
    if len(payload) > MAX_ENCRYPTABLE_BYTES:
        raise PayloadTooLarge(f"A push holds at most {MAX_ENCRYPTABLE_BYTES} bytes; these are {len(payload)}.")


def _whole(text: str) -> str:
    """Half a surrogate pair cannot be written as UTF-8."""
    return str(_HALF_CHARACTER.sub("\ufffd", text))


def _cut(text: str, limit: int) -> str:
    """As many whole characters as fit; what JSON escapes counts with its escapes."""
    if _size(text) <= limit:
        return text
    room, end = limit - _size(ELLIPSIS), 0
    for character in _CHARACTER.finditer(text):
        room -= _size(character.group())
        if room < 0:
            break
        end = character.end()
    return text[:end].rstrip() + ELLIPSIS


def _fitting(text: str | None, limit: int) -> str | None:
    """Half a path leads elsewhere, so one that is too long is left out."""
    if text is None or _size(_whole(text)) > limit:
        return None
    return _whole(text)


def _short_tag(tag: str | None) -> str | None:
    """Cut tags might become the same tag; their hashes do not."""
    if tag is None or _size(_whole(tag)) <= MAX_TAG_BYTES:
        return tag if tag is None else _whole(tag)
    return hashlib.sha256(tag.encode("utf-8", "surrogatepass")).hexdigest()


def _size(text: str) -> int:
    return len(_json(text)) - len('""')


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
