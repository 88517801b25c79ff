"""A push service that is hostile in every way there is, for hours of told time, until everything is final. What became
of every push and every browser is compared with what an oracle says that knows nothing of the product.
"""

import random
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from flask import Flask
from sqlalchemy import select

from bench.figures import tell
from soak import crowd
from soak.clocks import ToldTime, told_time
from soak.figures import Figures
from soak.hostile_judge import Judged, judge
from soak.hostile_oracle import CLOSED, CUTTING, GROUPS, KEYS, NOWHERE, SILENT, Group
from soak.hostile_service import NOW, Teller
from soak.memory import Growth
from soak.options import Options
from tests.push.browser_keys import BrowserKeys
from tests.push.certificate import make as make_certificate
from tests.push.service import NAMES
from tests.server.running import ROOT, environment, free_port
from webpush_app import config, start
from webpush_app.accounts import service as accounts
from webpush_app.accounts.models import User
from webpush_app.broadcasts import service as broadcasts
from webpush_app.database import begin_write, db
from webpush_app.delivery import outbox
from webpush_app.delivery.dispatcher import Dispatcher
from webpush_app.delivery.models import Push
from webpush_app.protocol.transport import Resolver, SocketAddress
from webpush_app.protocol.transports import transport_named

BROWSERS = 10_000
HOUR = 3600.0
BROADCASTS_AT = (0.0, 12 * HOUR, 25 * HOUR)
LASTS_SECONDS = 4 * HOUR
AFTERWARDS_SECONDS = 1.5 * HOUR
STEP_SECONDS = 60.0
DEADLINE_SECONDS = 1.0  # of one exchange, in real time: a trial of who hangs takes so long
MOST_GROWTH_MB = 50.0
MOST_ROUNDS = 10_000
NO_POINT = b"\4" + b"\1" * 64  # not on the curve
HOSTS = "push.services.mozilla.com"
AUTHOR = "author"
TEXT = "Something has happened, and here is so much about it that it is longer than a title alone. " * 6


@dataclass(frozen=True)
class Hostile:
    app: Flask
    folder: Path
    browsers: dict[str, Group]
    dispatcher: Dispatcher
    told: ToldTime
    teller: Teller


def prove(folder: Path, options: Options, figures: Figures, groups: Sequence[Group] = GROUPS) -> None:
    browsers = _browsers(groups, options.browsers or BROWSERS, random.Random(options.seed))
    with _hostile(folder, options, browsers) as made, Growth() as growth:
        for moment in BROADCASTS_AT:
            made.told.advance(moment - made.told.seconds)
            _broadcast(made)
            _deliver_until_final(made, moment + LASTS_SECONDS + AFTERWARDS_SECONDS)
        megabytes = growth.megabytes()
        judged = judge(made.app, folder, browsers)
        hours = made.told.seconds / HOUR
    for line in judged.details[:20]:
        tell(line)
    how = f"{len(browsers):,} browsers, {len(BROADCASTS_AT)} broadcasts, {hours:.0f} h of told time; {options.database}"
    _show(figures, judged, f"{how}, seed {options.seed}")
    behaviours = len({group.trouble for group in groups})
    figures.show("hostile_behaviours", behaviours, f"that are met, each another; {how}", least=14)
    figures.show("hostile_memory_mb", megabytes, f"the sender's growth, at its worst; {how}", most=MOST_GROWTH_MB)


def _show(figures: Figures, judged: Judged, how: str) -> None:
    figures.show("hostile_wrong_states", judged.wrong_states, f"pushes that ended otherwise; {how}", most=0)
    figures.show("hostile_wrongly_off", judged.wrongly_off, f"browsers turned off without reason; {how}", most=0)
    figures.show("hostile_wrongly_on", judged.wrongly_on, f"browsers that should have been turned off; {how}", most=0)
    figures.show("hostile_too_early", judged.too_early, f"requests before what was asked for; {how}", most=0)
    slowed = "requests to a host that had slowed five browsers down, before what it asked for"
    figures.show("hostile_host_too_early", judged.host_too_early, f"{slowed}; {how}", most=0)
    figures.show("hostile_led_away", judged.trapped, f"requests where redirects led; {how}", most=0)
    too_many = "browsers with more requests for one push than any answer calls for"
    figures.show("hostile_too_many", judged.too_many, f"{too_many}; {how}", most=0)
    figures.show("hostile_requests", judged.requests, f"that were read; {how}")


def _browsers(groups: Sequence[Group], number: int, chance: random.Random) -> dict[str, Group]:
    """Their endpoints, in no order: a broadcast meets all hosts at once. Whoever is left over joins the first."""
    shares = sum(group.share for group in groups)
    them = [group for group in groups for _ in range(max(1, int(number * group.share / shares)))]
    them += groups[: max(0, number - len(them))]
    chance.shuffle(them)
    return {
        f"https://{group.host or group.script}.{HOSTS}/wpush/v2/{group.script}.{secrets.token_urlsafe(24)}": group
        for group in them
    }


def _broadcast(made: Hostile) -> None:
    with made.app.app_context(), patch.object(outbox, "BROADCAST_LASTS", timedelta(seconds=LASTS_SECONDS)):
        begin_write()
        author = db.session.scalars(select(User).filter_by(username=AUTHOR)).one()
        broadcasts.start_broadcast(author, "News", TEXT, "/", "everyone")
        db.session.commit()
        while broadcasts.fan_out_step():
            pass


def _deliver_until_final(made: Hostile, until: float) -> None:
    while made.told.seconds < until:
        made.teller.tell(made.told.seconds)
        with made.app.app_context():
            for _round in range(MOST_ROUNDS):
                if not made.dispatcher.deliver_batch():
                    break
            if db.session.scalar(select(Push.id).where(Push.due_at.is_not(None)).limit(1)) is None:
                return
        made.told.advance(STEP_SECONDS)


@contextmanager
def _hostile(folder: Path, options: Options, browsers: dict[str, Group]) -> Iterator[Hostile]:
    folder.mkdir(parents=True, exist_ok=True)
    certificate = make_certificate(folder, NAMES)
    settings = {"INSTANCE_PATH": str(folder), "VAPID_CLAIM_EMAIL": "mailto:ops@example.com", **options.settings}
    app = start.prepare(config.load(settings))
    _subscribe(app, browsers)
    teller = Teller(folder / NOW)
    with told_time() as told, _service(folder) as ports:
        transport = transport_named(app.config["SETTINGS"].push_transport)(
            rule=lambda address: address == "127.0.0.1",
            resolve=_resolver(ports),
            ca_file=str(certificate.ca_file),
            deadline_seconds=DEADLINE_SECONDS,
        )
        yield Hostile(app, folder, browsers, Dispatcher(transport), told, teller)
        transport.close()
    crowd.leave(app, browsers)


def _subscribe(app: Flask, browsers: dict[str, Group]) -> None:
    keys = {endpoint: BrowserKeys.make() for endpoint in browsers}
    bad = {endpoint for endpoint, group in browsers.items() if group.trouble == KEYS}
    points = {endpoint: NO_POINT if endpoint in bad else one.p256dh for endpoint, one in keys.items()}
    crowd.write(app, points, {endpoint: one.auth for endpoint, one in keys.items()})
    with app.app_context():
        begin_write()
        accounts.create_user(AUTHOR, "no password", is_admin=True)
        db.session.commit()


@contextmanager
def _service(folder: Path) -> Iterator[dict[str, int]]:
    """Its ports, by the beginnings of hosts; the rule is the empty one."""
    process = subprocess.Popen(
        [sys.executable, "-m", "soak.hostile_service", str(folder)],
        cwd=ROOT,
        env=environment(folder, free_port()),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        ports = [int(port) for port in process.stdout.readline().split()]
        try:
            yield dict(zip(("", CUTTING, SILENT), ports, strict=True)) | {CLOSED: free_port()}
        finally:
            process.stdin.close()


def _resolver(ports: dict[str, int]) -> Resolver:
    def resolve(host: str, _port: int) -> Sequence[tuple[int, SocketAddress]]:
        label = host.removesuffix(f".{HOSTS}")
        if label == NOWHERE:
            raise socket.gaierror(socket.EAI_NONAME, "there is no such name")
        return [(socket.AF_INET, ("127.0.0.1", ports.get(label, ports[""])))]

    return resolve
