"""Base64 as web push writes it: the URL alphabet, without padding.

Reads the standard alphabet and padding too, because people paste keys from other tools, and refuses everything else,
where Python's own reader skips what it does not know.
"""

import base64
import re

_TEXT = re.compile(r"[A-Za-z0-9_+/-]+={0,2}")
_TO_STANDARD_ALPHABET = str.maketrans("-_", "+/")


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Raises ValueError for what is not base64."""
    if not _TEXT.fullmatch(text):
        raise ValueError("is not base64url text")
    bare = text.rstrip("=").translate(_TO_STANDARD_ALPHABET)
    if len(bare) % 4 == 1:
        raise ValueError("is base64url text with a character missing or too many")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
