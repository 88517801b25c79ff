"""What a push service's answer says in words and headers, made safe to store and to show: short, plain, and without the
endpoint, which services like to repeat and which is a secret."""

import math
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
# Whole ones, as HTTP has them, or with a fraction, as some say all the same.
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)


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


def retry_after_seconds(header: str | None, now: datetime, date: str | None = None) -> float | None:
    """From seconds or an HTTP date, the longest where it is said several times; None for what is neither. A date is of
    the service's clock, and counts from what that shows, which is in `date`; ours may be wrong. Nobody may make us wait
    longer than an hour."""
    if header is None:
        return None
    now = _moment(date or "") or now
    # Repeated headers come joined by commas. A date has one too: what follows it is a date without the day's name.
    said = [_seconds_until(one.strip(), now) for one in (header, *header.split(","))]
    return max((seconds for seconds in said if seconds is not None), default=None)


def _seconds_until(text: str, now: datetime) -> float | None:
    if _SECONDS.fullmatch(text):
        return float(math.ceil(min(float(text), LONGEST_WAIT_SECONDS)))
    moment = _moment(text)
    return None if moment is None else min(max((moment - now).total_seconds(), 0.0), LONGEST_WAIT_SECONDS)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
