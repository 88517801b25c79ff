"""Our clock is wrong by eleven hours, and the push services are strict: all that is sent is accepted.

A signature is used for most of an hour. So the clocks of both sides are advanced together, to moments before and after
a new one is made, and each push is judged by the service's clock at the moment when it came.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from soak.figures import Figures
from soak.options import Options
from soak.recording import Came
from soak.repeats import judge
from soak.scene import Scene, scene
from tests.push import skewed_worker, verifier
from webpush_app import clock
from webpush_app.protocol.signing import REUSED_FOR

BROWSERS = 1000
HOUR = 3600.0
SKEWS = (-11 * HOUR, 11 * HOUR)
# After the first signature of a worker was made. Some are just before it may not be used any more: what is sent then
# has the least time left.
MOMENTS = (0.0, REUSED_FOR.total_seconds() - 1.0, HOUR - 1.0, HOUR + 10, 2 * HOUR + 5)
MOST_SECONDS = 120.0


@dataclass(frozen=True)
class Judged:
    pushes: int
    refused: list[str]
    lost: int


def prove(folder: Path, options: Options, figures: Figures) -> None:
    browsers = options.browsers or BROWSERS
    for skew in SKEWS:
        with scene(folder / f"skew{skew:+.0f}", browsers, **options.settings) as made:
            judged = _judge_at(made, skew)
        how = (
            f"our clock {skew / HOUR:+g} h; {len(MOMENTS)} broadcasts to {browsers:,} over {MOMENTS[-1] / HOUR:.1f} h, "
            f"each push verified by the push service's clock; {options.database}"
        )
        name = f"skew_{'ahead' if skew > 0 else 'behind'}"
        said = " ".join(sorted({f"{reason};" for reason in judged.refused}))
        figures.show(f"{name}_refused", len(judged.refused), f"{said} {how}".strip(), most=0)
        figures.show(f"{name}_lost", judged.lost, f"browsers that got nothing, of all broadcasts; {how}", most=0)
        figures.show(f"{name}_pushes", judged.pushes, how, least=browsers * len(MOMENTS))


def _judge_at(made: Scene, skew: float) -> Judged:
    refused: list[str] = []
    lost = pushes = 0
    file = made.folder / "ahead"
    _write(file, skew)
    with made.worker(skewed_worker.MODULE, CLOCK_AHEAD=str(file)):
        signed_at = 0.0
        for moment in MOMENTS:
            passed = max(0.0, moment - (time.monotonic() - signed_at)) if moment else 0.0
            _write(file, skew + passed)
            came = _broadcast(made, skew + passed)
            signed_at = signed_at or came[0].at
            refused += [reason for one in came if (reason := _refusal(made, one, passed)) is not None]
            lost += judge(made.browsers, came, made.opened).lost
            pushes += len(came)
    return Judged(pushes, refused, lost)


def _broadcast(made: Scene, ahead: float) -> Sequence[Came]:
    before = len(made.service.came)
    with patch.object(clock, "now", lambda: datetime.now(UTC) + timedelta(seconds=ahead)):
        number = made.broadcast()
    made.wait_until_final(number, MOST_SECONDS)
    return made.service.came[before:]


def _refusal(made: Scene, one: Came, passed: float) -> str | None:
    """What a strict push service says, whose clock is right."""
    moment = time.time() - (time.monotonic() - one.at) + passed
    try:
        verifier.verify_headers(one.headers)
        verifier.verify_vapid(one.headers["authorization"], one.endpoint, made.public_key, moment)
    except verifier.Refused as refused:
        return refused.reason
    return None


def _write(file: Path, seconds: float) -> None:
    """At once: the worker reads it at any moment."""
    new = file.with_suffix(".new")
    new.write_text(str(seconds), encoding="ascii")
    new.replace(file)
