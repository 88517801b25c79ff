"""A service whose outbox a worker empties, with browsers that subscribed with real keys; and the same browsers as a
file for the peers."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import insert

from tests.push.browser_keys import BrowserKeys
from tests.push.service import MOZILLA
from webpush_app import clock, config, start
from webpush_app.accounts.service import create_user, get_user
from webpush_app.broadcasts import service as broadcasts
from webpush_app.broadcasts.audiences import EVERYONE
from webpush_app.database import begin_write, db
from webpush_app.delivery import outbox
from webpush_app.delivery.composing import Job, compose
from webpush_app.delivery.models import FINAL, State
from webpush_app.protocol.message import Message, to_payload
from webpush_app.subscriptions import keyring
from webpush_app.subscriptions.models import PushSubscription, fingerprint_of
from webpush_app.subscriptions.push_services import service_of

CONTACT = "mailto:ops@example.com"
TITLE, BODY = "News for everybody", "A broadcast whose text is about as long as what people write to many at once."
_ADMIN = "writer"
_PATIENCE_SECONDS = 300.0
_BETWEEN_LOOKS_SECONDS = 0.05


@dataclass(frozen=True)
class Subscribers:
    app: Flask
    folder: Path
    browsers: list[dict[str, Any]]
    """As each posted its subscription."""

    def start_broadcast(self) -> int:
        with self.app.app_context():
            begin_write()
            row = broadcasts.start_broadcast(get_user(_ADMIN), TITLE, BODY, "/", EVERYONE)
            db.session.commit()
            return row.id

    def wait_for(self, broadcast_id: int) -> None:
        """Until every push of it is accepted; none may have ended otherwise."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            with self.app.app_context():
                tally = outbox.read_tally(broadcasts.KIND, broadcast_id)
            if tally[State.ACCEPTED] == len(self.browsers):
                return
            ended = sum(tally[state] for state in FINAL)
            if ended > tally[State.ACCEPTED] or time.monotonic() > deadline:
                raise AssertionError(f"not all pushes were accepted: {tally}")
            time.sleep(_BETWEEN_LOOKS_SECONDS)

    def write_for_peers(self, broadcast_id: int, port: int) -> Path:
        """The same keys and the same payload, at endpoints that name the push service by its address."""
        with self.app.app_context():
            key = keyring.current_key()
            message = compose([Job(1, broadcasts.KIND, broadcast_id, None, "en", None)])[1]
        assert isinstance(message, Message)
        given = {
            "subscriptions": [
                {**one, "endpoint": one["endpoint"].replace(MOZILLA, f"localhost:{port}")} for one in self.browsers
            ],
            "payload": to_payload(message).decode(),
            "contact": CONTACT,
            "public_key": key.public,
            "private_key": key.private_text,
        }
        file = self.folder / "peers.json"
        file.write_text(json.dumps(given), encoding="utf-8")
        return file


def make(folder: Path, count: int, **settings: str) -> Subscribers:
    given = {"INSTANCE_PATH": str(folder), "VAPID_CLAIM_EMAIL": CONTACT, **settings}
    app = start.prepare(config.load(given))
    browsers = [BrowserKeys.make().to_json(_endpoint(number)) for number in range(count)]
    with app.app_context():
        begin_write()
        create_user(_ADMIN, "no password")
        same = {"service_id": service_of(_endpoint(0)), "vapid_public_key": keyring.current_key().public}
        db.session.execute(insert(PushSubscription), [_row(one) | same for one in browsers])
        db.session.commit()
    return Subscribers(app, folder, browsers)


def _endpoint(number: int) -> str:
    """As long as real ones are."""
    return f"https://{MOZILLA}/wpush/v2/{number:0180d}"


def _row(browser: dict[str, Any]) -> dict[str, object]:
    return {
        "fingerprint": fingerprint_of(browser["endpoint"]),
        "endpoint": browser["endpoint"],
        **browser["keys"],
        "browser": "Firefox|Linux",
        "locale": "en",
        "created_at": clock.now(),
        "last_seen_at": clock.now(),
        "strikes": 0,
    }
