"""Sending that is safe to repeat: every form that is opened carries a fresh key, and one key stores one thing.

A second click, a reload, and a browser or program that asks again because no answer came all send the same key. What is
stored remembers it, bound to what was sent: whoever goes back and changes the text sends something new.
"""

import hashlib
import json
import re
import secrets
from typing import Any

from flask import request
from flask_babel import gettext as _
from wtforms import HiddenField
from wtforms.form import BaseForm
from wtforms.validators import StopValidation

from webpush_app.errors import InvalidInput

HEADER = "Idempotency-Key"
STORED_LENGTH = 32
_IN_A_FORM = re.compile(r"[A-Za-z0-9_-]{1,64}")
_IN_THE_HEADER = re.compile(r"[ -~]{1,64}")


class SendingKeyField(HiddenField):
    """Fresh on each rendering of a new form; a form that comes back with something to mend keeps its own.

    Browsers are told not to fill in the one of an earlier page: the text would be taken for one that was sent before.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(default=_fresh, render_kw={"autocomplete": "off"}, **options)

    def pre_validate(self, _form: BaseForm) -> None:
        if not _IN_A_FORM.fullmatch(self.data or ""):
            self.data = _fresh()
            raise StopValidation(
                _("This form was damaged on its way to us, and nothing was sent. Please send it again.")
            )


def from_header() -> str | None:
    """The key of a program that may have to ask twice; None for one that gives none."""
    given = request.headers.get(HEADER)
    if given is None:
        return None
    key = given.strip(" ")
    if not _IN_THE_HEADER.fullmatch(key):
        raise InvalidInput(
            _("The header %(name)s holds 1 to 64 printable ASCII characters.", name=HEADER), field=HEADER
        )
    return key


def bound(key: str, *sent: str | int) -> str:
    """What a row remembers: the key together with what was sent, so that the same key with another text is another."""
    return hashlib.sha256(json.dumps([key, *sent]).encode()).hexdigest()[:STORED_LENGTH]


def _fresh() -> str:
    return secrets.token_urlsafe(16)
