"""What the hostile push service noted, and what the database holds, compared with what the oracle says."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import select

from soak.hostile_oracle import NONE, ON, Group
from soak.hostile_scripts import TRAP
from soak.hostile_service import ASKED
from webpush_app.broadcasts import service as broadcasts
from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import db
from webpush_app.delivery.models import Push
from webpush_app.subscriptions.models import PushSubscription

LONGEST_WAIT_SECONDS = 3600.0
SLOWED_BROWSERS, SLOWED_WITHIN_SECONDS = 5, 60.0

Note = Mapping[str, Any]


@dataclass(frozen=True)
class Judged:
    wrong_states: int
    wrongly_off: int
    wrongly_on: int
    too_early: int
    host_too_early: int
    trapped: int
    too_many: int
    requests: int
    details: Sequence[str]


def judge(app: Flask, folder: Path, browsers: Mapping[str, Group]) -> Judged:
    notes = [json.loads(line) for line in (folder / ASKED).read_text(encoding="utf-8").splitlines()]
    by_path = _by("path", notes)
    with app.app_context():
        wrong, stands = _wrong_states(browsers), _stands()
    off = [one for one in browsers if stands[one] not in (ON, browsers[one].expected.browser)]
    on = [one for one in browsers if stands[one] == ON != browsers[one].expected.browser]
    asked = {one: _requests_for_one_push(by_path[urlsplit(one).path]) for one in browsers}
    too_many = [one for one, group in browsers.items() if asked[one] > group.expected.requests]
    words = {"turned off": off, "not turned off": on, "asked too often": too_many}
    return Judged(
        wrong_states=wrong.total(),
        wrongly_off=len(off),
        wrongly_on=len(on),
        too_early=sum(_too_early(some) for some in by_path.values()),
        host_too_early=sum(_host_too_early(some) for some in _by("host", notes).values()),
        trapped=sum(one["host"].startswith(TRAP) for one in notes),
        too_many=len(too_many),
        requests=len(notes),
        details=[f"{number} x {what}" for what, number in wrong.most_common()]
        + sorted({f"{what}: {browsers[one].name}" for what, some in words.items() for one in some}),
    )


def _wrong_states(browsers: Mapping[str, Group]) -> Counter[str]:
    wrong = Counter[str]()
    ended = _ended()
    for endpoint, group in browsers.items():
        for number, wanted in enumerate(group.expected.pushes):
            state = ended[endpoint].get(number, *NONE)
            if state not in wanted:
                wrong[f"{group.name}, broadcast {number + 1}: {state} and not {' or '.join(sorted(wanted))}"] += 1
    return wrong


def _ended() -> dict[str, dict[int, str]]:
    """The state of each browser's push of each broadcast."""
    in_order = db.session.scalars(select(Broadcast.id).order_by(Broadcast.id))
    numbers = {broadcast_id: number for number, broadcast_id in enumerate(in_order)}
    query = select(PushSubscription.endpoint, Push.subject_id, Push.state).where(
        Push.kind == broadcasts.KIND, Push.subscription_id == PushSubscription.id
    )
    ended: dict[str, dict[int, str]] = defaultdict(dict)
    for endpoint, subject_id, state in db.session.execute(query):
        ended[endpoint][numbers[subject_id]] = state
    return ended


def _stands() -> dict[str, str]:
    query = select(PushSubscription.endpoint, PushSubscription.off_because)
    return {endpoint: because or ON for endpoint, because in db.session.execute(query)}


def _by(key: str, notes: Iterable[Note]) -> defaultdict[str, list[Note]]:
    found = defaultdict[str, list[Note]](list)
    for one in notes:
        found[one[key]].append(one)
    return found


def _too_early(notes: Sequence[Note]) -> int:
    """Requests for one browser before its push service wanted them. Nobody may ask for more than an hour."""
    early, not_before = 0, 0.0
    for one in notes:
        early += one["at"] < not_before
        if one["wait"]:
            not_before = one["at"] + min(one["wait"], LONGEST_WAIT_SECONDS)
    return early


def _host_too_early(notes: Sequence[Note]) -> int:
    """Requests to a host that had told five browsers to slow down within a minute. What was on its way in that instant
    came all the same."""
    early, not_before, instant = 0, 0.0, 0.0
    slowed: dict[str, tuple[float, float]] = {}
    for one in notes:
        early += instant < one["at"] < not_before
        if one["wait"] and one["act"].startswith(("429", "406")):
            slowed = {path: at for path, at in slowed.items() if at[0] > one["at"] - SLOWED_WITHIN_SECONDS}
            slowed[one["path"]] = one["at"], one["at"] + min(one["wait"], LONGEST_WAIT_SECONDS)
            if len(slowed) >= SLOWED_BROWSERS:
                instant, not_before = one["at"], max(until for _at, until in slowed.values())
    return early


def _requests_for_one_push(notes: Sequence[Note]) -> int:
    """At most, where hours lie between two pushes. Who was asked to be patient has used no try."""
    most, number, last = 0, 0, 0.0
    for one in (one for one in notes if not one["wait"]):
        number = 1 if one["at"] - last > LONGEST_WAIT_SECONDS * 2 else number + 1
        most, last = max(most, number), one["at"]
    return most
