"""A new key for browsers to subscribe with, and the end of an old one: the steps of `flask vapid rotate` and `retire`.

Both can be killed at any moment. A key is added before anybody can subscribe with it; and it is taken away last of all,
when everything that it was for is turned off. Like a route or a step of the worker, these steps commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from webpush_app.database import begin_write, db
from webpush_app.errors import Conflict, NotFound
from webpush_app.protocol.vapid_keys import VapidKey
from webpush_app.subscriptions import key_file, keyring, standing
from webpush_app.subscriptions.models import PushSubscription

# In one transaction: others write between two of them.
STEP = 500


@dataclass(frozen=True)
class Use:
    """The browsers that subscribed with one key."""

    on: int = 0
    off: int = 0
    last_seen_at: datetime | None = None
    """Of those that are on, the one that was here last."""


def uses() -> Mapping[str, Use]:
    """By public key; also those of keys that are not here."""
    is_on = PushSubscription.off_at.is_(None)
    on, seen_at = func.count(case((is_on, 1))), func.max(case((is_on, PushSubscription.last_seen_at)))
    columns = (PushSubscription.vapid_public_key, on, func.count(), seen_at)
    rows = db.session.execute(select(*columns).group_by(PushSubscription.vapid_public_key)).all()
    return {public: Use(on, number - on, last_seen_at) for public, on, number, last_seen_at in rows}


def rotate() -> VapidKey:
    """Where the keys are kept in the file. The new one is current from now on, in every process."""
    keyring.keys()  # the first one is made where there is none yet
    with key_file.changing(keyring.place()) as keys:
        new = keyring.new_key()
        key_file.write(keyring.place(), [new, *keys])
    return new


def find_older(beginning: str, keys: Sequence[VapidKey]) -> VapidKey:
    """What may be retired: never the current key, and never what could be one of two."""
    found = [key for key in keys if key.public.startswith(beginning)]
    if not found:
        raise NotFound(f"No key begins with {beginning!r}. See them with: flask vapid list")
    if len(found) > 1:
        raise Conflict(f"{len(found)} keys begin with {beginning!r}. Give more of it.")
    if found[0] is keys[0]:
        raise Conflict(
            "This is the current key, with which browsers subscribe. First make a new one: flask vapid rotate"
        )
    return found[0]


def retire(public: str) -> int:
    """Where the keys are kept in the file. How many browsers were turned off."""
    path = keyring.place()
    with key_file.changing(path) as keys:
        find_older(public, keys)  # once more: others may have been here since it was asked for
        count = turn_off(public)
        key_file.write(path, [key for key in keys if key.public != public])
        return count + turn_off(public)  # who subscribed meanwhile


def turn_off(public: str) -> int:
    made_with = PushSubscription.vapid_public_key == public
    ids = db.session.scalars(select(PushSubscription.id).where(made_with, PushSubscription.off_at.is_(None))).all()
    count = 0
    for start in range(0, len(ids), STEP):
        begin_write()
        count += standing.turn_off_old(public, ids[start : start + STEP])
        db.session.commit()
    return count
