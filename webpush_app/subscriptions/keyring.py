"""The keys that browsers subscribe with and pushes are signed with, and the address that push services are told.

A browser's subscription is bound to the key it was made with. So a key is made once, and never made anew while
browsers are subscribed: every one of them would be lost. A rotation adds a key and keeps those before it, until the
browsers have moved over.
"""

import logging
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flask import current_app
from sqlalchemy import func, select

from webpush_app import clock, logs, private_files
from webpush_app.accounts.service import CONTACT_EMAIL, recall_fact
from webpush_app.config import CONFIGURATION_FILE, Settings
from webpush_app.database import db
from webpush_app.errors import StartError
from webpush_app.logs import line
from webpush_app.protocol import vapid_key_lists, vapid_keys
from webpush_app.protocol.vapid_keys import VapidKey
from webpush_app.subscriptions import key_file
from webpush_app.subscriptions.models import PushSubscription

log = logging.getLogger(__name__)

KEY_FILE = "vapid_private_key"
BEGINNING = 12  # so much of a public key is shown, where one is named
_HELD = "vapid_keys"
_HAS_CONTACT = "has_contact_for_push_services"


@dataclass(frozen=True)
class _Held:
    keys: tuple[VapidKey, ...]
    by_public: Mapping[str, VapidKey]
    file: str | None
    """Where they can change; those of the settings stay as they are."""
    version: key_file.Version = key_file.MISSING


def current_key() -> VapidKey:
    """What browsers are to subscribe with; made where there is none yet."""
    return _held().keys[0]


def keys() -> Sequence[VapidKey]:
    """All that browsers may have subscribed with, the current one first."""
    return _held().keys


def key_of(public: str) -> VapidKey | None:
    """The key of a subscription. None: it is not one of ours, or was retired, and nothing can be sent there.

    To be asked after the subscription was read, and not before: a browser may have subscribed with a newer key since.
    """
    return _held().by_public.get(public)


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


def is_given() -> bool:
    """By the settings: then the file is not looked at."""
    return _settings().vapid_private_key is not None


def place() -> Path:
    """Where the keys stand; those of the settings may stand in the environment instead."""
    return _settings().instance_path / (CONFIGURATION_FILE if is_given() else KEY_FILE)


def new_key() -> VapidKey:
    return replace(vapid_keys.generate(), made_at=clock.now())


def prepare() -> None:
    """At the start: everything that is wrong with the keys is said then, each in one line."""
    known, path = keys(), place()
    if path.exists() and private_files.is_readable_by_others(path) and _holds_a_key(path):
        sys.stderr.write(f"Others on this machine can read the VAPID key. Run: chmod 600 {path}\n")
    lost = PushSubscription.off_at.is_(None) & PushSubscription.vapid_public_key.not_in([key.public for key in known])
    count = db.session.scalar(select(func.count()).select_from(PushSubscription).where(lost))
    if count:
        sys.stderr.write(
            f"Browsers subscribed with a key that is not among the VAPID keys here: {count}. They get nothing until "
            "they visit the site. If you put back a backup of the keys: put back the newest one; what waits is sent "
            "then.\n"
        )


def _held() -> _Held:
    held: _Held | None = current_app.extensions.get(_HELD)
    if held is None:
        held = current_app.extensions[_HELD] = _first()
    elif held.file and key_file.version(held.file) != held.version:
        held = current_app.extensions[_HELD] = _again(held)
    return held


def _first() -> _Held:
    given = _settings().vapid_private_key
    if given:
        return _hold(vapid_key_lists.read_keys(given))
    path = place()
    if not path.exists():
        _check_may_be_made(path)
        key_file.read(path, new_key)
    version = key_file.version(path)  # first: what changes after it is seen the next time
    return _hold(key_file.read(path), path, version)


def _again(held: _Held) -> _Held:
    """What went wrong with the file since is said once; whoever is served goes on being served."""
    path = place()
    version = key_file.version(path)
    try:
        return _hold(key_file.read(path), path, version)
    except StartError as error:
        why = f"{error} Until then this process goes on with the keys that it has read before."
        log.error(line("key_file_wrong", why=why))  # noqa: TRY400
        return replace(held, version=version)


def _hold(found: tuple[VapidKey, ...], path: Path | None = None, version: key_file.Version = key_file.MISSING) -> _Held:
    logs.never_show(*(key.private_text for key in found))
    return _Held(found, {key.public: key for key in found}, str(path) if path else None, version)


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
