"""What a username may be. Letters are a–z alone: look-alikes from other alphabets would let people pose as others."""

import re

from flask_babel import gettext as _

from webpush_app.errors import InvalidInput

SHORTEST, LONGEST = 3, 32
# Names that would pass for the service itself. The first admin and the operator may use them.
RESERVED = frozenset(
    {
        "admin",
        "administrator",
        "anonymous",
        "api",
        "everyone",
        "help",
        "info",
        "mail",
        "me",
        "moderator",
        "nobody",
        "null",
        "operator",
        "owner",
        "postmaster",
        "root",
        "security",
        "service",
        "staff",
        "support",
        "sysadmin",
        "system",
        "undefined",
        "webmaster",
        "webpush",
    }
)
_ALLOWED = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)


def key(username: str) -> str:
    return username.lower()


def check_name(username: str, *, may_be_reserved: bool = False) -> None:
    """Raises InvalidInput that says what would be right."""
    if not SHORTEST <= len(username) <= LONGEST:
        raise InvalidInput(
            _("A username has %(shortest)d to %(longest)d characters.", shortest=SHORTEST, longest=LONGEST),
            field="username",
        )
    if not _ALLOWED.fullmatch(username) or not any(letter.isalnum() for letter in username):
        raise InvalidInput(
            _("A username is made of the letters a to z, digits, and the characters _ . -"), field="username"
        )
    if key(username) in RESERVED and not may_be_reserved:
        raise InvalidInput(_("This username is reserved. Please choose another one."), field="username")
