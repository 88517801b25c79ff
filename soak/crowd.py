"""Many browsers of strangers, written in a few statements: a hundred thousand in seconds. Each has keys of its own."""

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import delete, insert

from tests.push.browser_keys import BrowserKeys, as_base64url
from tests.push.service import MOZILLA
from webpush_app import clock
from webpush_app.database import begin_write, db
from webpush_app.subscriptions import keyring
from webpush_app.subscriptions.models import PushSubscription, fingerprint_of
from webpush_app.subscriptions.push_services import host_of, service_of

_AT_ONCE = 5000
T = TypeVar("T")


def subscribe_crowd(app: Flask, count: int, host: str = MOZILLA) -> dict[str, BrowserKeys]:
    """Their endpoints, and their keys."""
    made = {f"https://{host}/wpush/v2/{secrets.token_urlsafe(48)}": BrowserKeys.make() for _ in range(count)}
    write(app, {endpoint: keys.p256dh for endpoint, keys in made.items()}, {one: made[one].auth for one in made})
    return made


def write(app: Flask, points: Mapping[str, bytes], auths: Mapping[str, bytes]) -> None:
    """By endpoint. What the product would refuse when it is posted is written all the same."""
    with app.app_context():
        public, moment = keyring.current_key().public, clock.now()
        begin_write()
        hosts = {host_of(endpoint): endpoint for endpoint in points}
        services = {host: service_of(endpoint) for host, endpoint in hosts.items()}
        same: dict[str, Any] = {"vapid_public_key": public, "browser": "Firefox|Linux", "locale": "en"}
        same |= {"created_at": moment, "last_seen_at": moment}
        rows: list[dict[str, Any]] = [
            {
                **same,
                "service_id": services[host_of(endpoint)],
                "fingerprint": fingerprint_of(endpoint),
                "endpoint": endpoint,
                "p256dh": as_base64url(point),
                "auth": as_base64url(auths[endpoint]),
            }
            for endpoint, point in points.items()
        ]
        for some in _parts(rows):
            db.session.execute(insert(PushSubscription), some)
        db.session.commit()
        db.engine.dispose()


def leave(app: Flask, crowd: Collection[str]) -> None:
    """The next proof may be at the same database, and its broadcasts are for everybody."""
    prints = [fingerprint_of(endpoint) for endpoint in crowd]
    with app.app_context():
        begin_write()
        for some in _parts(prints):
            db.session.execute(delete(PushSubscription).where(PushSubscription.fingerprint.in_(some)))
        db.session.commit()
        db.engine.dispose()


def _parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]
