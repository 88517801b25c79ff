"""Whom a broadcast is for, and how many browsers that is right now."""

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, func, select

from webpush_app.accounts.models import User
from webpush_app.config import LANGUAGES
from webpush_app.database import db
from webpush_app.errors import InvalidInput
from webpush_app.subscriptions.models import PushSubscription

EVERYONE = "everyone"
SIGNED_IN = "signed_in"
ANONYMOUS = "anonymous"
_LANGUAGE = "language:"
NAMES = (EVERYONE, SIGNED_IN, ANONYMOUS, *(f"{_LANGUAGE}{language}" for language in LANGUAGES))

# A person's own choice; for a stranger what the browser said when it subscribed.
_locale = func.coalesce(User.locale, PushSubscription.locale)


@dataclass(frozen=True)
class Audience:
    name: str
    size: int

    @property
    def words(self) -> str:
        return in_words(self.name)


def check(name: object) -> str:
    if not isinstance(name, str) or name not in NAMES:
        raise InvalidInput(_("`audience` is one of: %(names)s.", names=", ".join(NAMES)), field="audience")
    return name


def in_words(name: str) -> str:
    if name.startswith(_LANGUAGE):
        language = name.removeprefix(_LANGUAGE)
        return str(_("Everyone who reads %(language)s", language=LANGUAGES.get(language, language)))
    known = {
        EVERYONE: _("Everyone"),
        SIGNED_IN: _("Everyone with an account"),
        ANONYMOUS: _("Everyone without an account"),
    }
    return str(known[name])


def has_accounts(name: str) -> bool:
    """Is anybody in it who has an inbox?"""
    return name != ANONYMOUS


def language_of(name: str) -> str | None:
    """Which language everybody in it reads; None where that does not matter."""
    return name.removeprefix(_LANGUAGE) if name.startswith(_LANGUAGE) else None


def list_audiences() -> list[Audience]:
    """Every audience with its size, by one query."""
    has_account = PushSubscription.user_id.is_not(None)
    query = select(has_account, _locale, func.count()).select_from(PushSubscription).outerjoin(User)
    query = query.where(PushSubscription.off_at.is_(None)).group_by(has_account, _locale)
    counted = [(bool(signed_in), str(locale), int(number)) for signed_in, locale, number in db.session.execute(query)]
    sizes = dict.fromkeys(NAMES, 0)
    for signed_in, locale, number in counted:
        sizes[EVERYONE] += number
        sizes[SIGNED_IN if signed_in else ANONYMOUS] += number
        if f"{_LANGUAGE}{locale}" in sizes:
            sizes[f"{_LANGUAGE}{locale}"] += number
    return [Audience(name, size) for name, size in sizes.items()]


def browsers_of(name: str) -> Select[int]:
    """The ids of the browsers that are on and belong to it."""
    query = select(PushSubscription.id).where(PushSubscription.off_at.is_(None))
    if name.startswith(_LANGUAGE):
        return query.outerjoin(User).where(_locale == language_of(name))
    conditions: dict[str, list[ColumnElement[bool]]] = {
        EVERYONE: [],
        SIGNED_IN: [PushSubscription.user_id.is_not(None)],
        ANONYMOUS: [PushSubscription.user_id.is_(None)],
    }
    return query.where(*conditions[name])
