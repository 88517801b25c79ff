"""The key that browsers subscribe with and pushes are signed with, and the address that push services are told.

A browser's subscription is bound to the key it was made with. So the key is made once, and never made anew while
browsers are subscribed: every one of them would be lost.
"""

import re
import sys
from pathlib import Path

from flask import current_app
from sqlalchemy import func, select

from webpush_app import private_files
from webpush_app.accounts.service import CONTACT_EMAIL, recall_fact
from webpush_app.config import CONFIGURATION_FILE, Settings
from webpush_app.database import db
from webpush_app.errors import StartError
from webpush_app.protocol import vapid_keys
from webpush_app.protocol.vapid_keys import BadKey, VapidKey
from webpush_app.subscriptions.models import PushSubscription

KEY_FILE = "vapid_private_key"
_LOADED = "vapid_key"
_HAS_CONTACT = "has_contact_for_push_services"


def current_key() -> VapidKey:
    """Read once for each process; made where there is none yet."""
    loaded: VapidKey | None = current_app.extensions.get(_LOADED)
    if loaded is None:
        loaded = current_app.extensions[_LOADED] = _load(_settings())
    return loaded


def keys() -> list[VapidKey]:
    return [current_key()]


def contact() -> str | None:
    """`mailto:…` or https. While there is none nothing can be signed, and pushes wait."""
    given = _settings().vapid_claim_email
    if given:
        return given
    address = recall_fact(CONTACT_EMAIL)
    return f"mailto:{address}" if address else None


def is_contact_missing() -> bool:
    """For every page: an address may be changed but not taken away, so once there is one, nobody is asked again."""
    if not current_app.extensions.get(_HAS_CONTACT):
        current_app.extensions[_HAS_CONTACT] = contact() is not None
    return not current_app.extensions[_HAS_CONTACT]


def prepare() -> None:
    """At the start: everything that is wrong with the key is said then, in one line."""
    current_key()
    settings = _settings()
    path = settings.instance_path / (CONFIGURATION_FILE if settings.vapid_private_key else KEY_FILE)
    if path.exists() and private_files.is_readable_by_others(path) and _holds_a_key(path):
        sys.stderr.write(f"Others on this machine can read the VAPID key. Run: chmod 600 {path}\n")


def _load(settings: Settings) -> VapidKey:
    if settings.vapid_private_key:
        return vapid_keys.read_private(settings.vapid_private_key)
    path = settings.instance_path / KEY_FILE
    if not path.exists():
        _check_may_be_made(path)
    try:
        return vapid_keys.read_private(private_files.read_or_create(path, _make))
    except (BadKey, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, BadKey) else "must be text."
        raise StartError(
            f"The VAPID key in {path} {why} Put back the file from your backup: with another key every browser that is "
            "subscribed would be lost."
        ) from None


def _make() -> str:
    return vapid_keys.generate().private_text + "\n"


def _check_may_be_made(path: Path) -> None:
    count = db.session.scalar(select(func.count()).select_from(PushSubscription)) or 0
    # Looked at again: another may just have made it, and a browser may already have subscribed with it.
    if count and not path.exists():
        raise StartError(
            f"{path} is missing, and {count} browsers are subscribed with the key in it. Put back the file from your "
            "backup, or give the key as VAPID_PRIVATE_KEY."
        )


def _holds_a_key(path: Path) -> bool:
    text = path.read_text(encoding="utf-8", errors="replace")
    return path.name == KEY_FILE or re.search(r"^\s*VAPID_PRIVATE_KEY\s*=", text, re.MULTILINE) is not None


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
