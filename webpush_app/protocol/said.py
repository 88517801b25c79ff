"""What a push service's answer says in words and headers, made safe to store and to show: short, plain, and without the
endpoint, which services like to repeat and which is a secret."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from webpush_app.protocol.transport import Answer

MOST_CHARACTERS = 200
LONGEST_WAIT_SECONDS = 3600.0

_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|meta)\b", re.IGNORECASE)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TAG = re.compile(r"<[^<>]*>")
# Also with its slashes escaped, as JSON may have them.
_ADDRESS = re.compile(r"https?:[\\/]+\S+", re.IGNORECASE)
# No word of any language is so long; an endpoint's token always is.
_TOKEN = re.compile(r"[\w.~:/=%+-]{32,}", re.ASCII)
_SECONDS = re.compile(r"[0-9]+", re.ASCII)


def is_page(answer: Answer) -> bool:
    """A page for people, as a captive portal answers with. An empty body is none, whatever its type."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_declared = kind in ("text/html", "application/xhtml+xml") and bool(answer.body.strip())
    beginning = answer.body.lstrip().removeprefix(_BYTE_ORDER_MARK).lstrip()
    return is_declared or _PAGE.match(beginning) is not None


def plain_words(words: str | bytes) -> str:
    if not words:
        return ""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    for secret, shown in ((_TAG, " "), (_ADDRESS, "(address)"), (_TOKEN, "(token)")):
        text = secret.sub(shown, text)
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:MOST_CHARACTERS].rstrip()


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """From seconds or an HTTP date; None for what is neither. Nobody may make us wait longer than an hour."""
    if header is None:
        return None
    text = header.strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_WAIT_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)
