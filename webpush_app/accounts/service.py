"""What can be done to a person's account. Callers have begun a writing transaction, and commit."""

from blinker import Namespace
from flask_babel import gettext as _
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from webpush_app.accounts import names
from webpush_app.accounts.models import SiteFact, User
from webpush_app.database import db, insert_or_update
from webpush_app.errors import Conflict, NotFound
from webpush_app.web.paging import Page, cut, window

CONTACT_EMAIL = "contact_email"

# A person reads another language from now on: sent with `user_id`, inside the transaction.
language_changed = Namespace().signal("language-changed")


def create_user(
    username: str,
    password_hash: str,
    *,
    locale: str | None = None,
    is_admin: bool = False,
    may_be_reserved: bool = False,
) -> User:
    names.check_name(username, may_be_reserved=may_be_reserved or is_admin)
    user = User(username=username, password_hash=password_hash, locale=locale, is_admin=is_admin)
    taken = Conflict(_("This username is taken. Please choose another one."), field="username")
    if find_user(username) is not None:
        raise taken
    db.session.add(user)
    try:
        db.session.flush()
    except IntegrityError:  # PostgreSQL: somebody took it since we looked
        raise taken from None
    return user


def choose_language(user: User, locale: str) -> None:
    if user.locale == locale:
        return
    user.locale = locale
    db.session.flush()
    language_changed.send(None, user_id=user.id)


def find_user(username: str, *, is_locked: bool = False) -> User | None:
    """Locked, the account stands still until the commit (on SQLite it does so for every writer); what belongs to it may
    be written beside it."""
    query = select(User).where(User.username_key == names.key(username))
    return db.session.scalar(query.with_for_update(key_share=True) if is_locked else query)


def get_user(username: str, *, is_locked: bool = False) -> User:
    user = find_user(username, is_locked=is_locked)
    if user is None:
        raise NotFound(_("There is nobody called “%(username)s” here.", username=username[:64]))
    return user


def list_people(wanted: str, page: int, size: int) -> Page[User]:
    """People whose name holds the wanted text, by name."""
    offset, limit = window(page, size)
    query = select(User).order_by(User.username_key).offset(offset).limit(limit)
    if wanted:
        query = query.where(User.username_key.contains(names.key(wanted), autoescape=True))
    return cut(db.session.scalars(query).all(), page, size)


def has_admin() -> bool:
    return bool(db.session.scalar(select(func.count()).where(User.is_admin)))


def remember_fact(name: str, value: str) -> None:
    statement = insert_or_update(SiteFact).values(name=name, value=value)
    db.session.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def recall_fact(name: str) -> str | None:
    return db.session.scalar(select(SiteFact.value).where(SiteFact.name == name))


def forget_fact(name: str, value: str) -> bool:
    """True for the one caller who took it away, of however many tried at once."""
    taken = delete(SiteFact).where(SiteFact.name == name, SiteFact.value == value).returning(SiteFact.name)
    return db.session.scalar(taken) is not None
