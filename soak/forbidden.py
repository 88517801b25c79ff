"""A push service refuses our key to everybody: nobody is turned off, it is not hammered, and one alert is raised. When
it takes our key again, everybody gets what has waited.

Once it refuses from the beginning, and once in the middle of a broadcast, when as much as may be is on its way.
"""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from soak.figures import Figures
from soak.options import Options
from soak.recording import Answering, Came, accept, statuses
from soak.repeats import Verdict, judge
from soak.scene import Scene, scene
from tests.push.listener import Reply
from webpush_app.delivery.alerts import AlertKind
from webpush_app.delivery.flow import MOST_OF_ONE_SERVICE_AT_ONCE
from webpush_app.delivery.models import State

BROWSERS = 10_000
WORKERS = 2
MOST_REFUSED = 50
# Of what is on its way already nothing can be taken back.
ON_ITS_WAY = WORKERS * MOST_OF_ONE_SERVICE_AT_ONCE
# The first pause is half a minute: by then both workers know, and nothing more is sent but what tries it.
QUIET_SECONDS = 20.0
TRIALS = 1  # are refused as well, before it is repaired
MOST_SECONDS = 1800.0


@dataclass(frozen=True)
class Seen:
    most_refused: int
    refused: int  # requests until nobody sent any more
    refused_in_all: int
    turned_off: int
    key_alerts: int
    alerts: int
    verdict: Verdict
    wrong_states: int
    seconds: float  # from the repair until all was delivered


def prove(folder: Path, options: Options, figures: Figures) -> None:
    browsers = options.browsers or BROWSERS
    with scene(folder, browsers, **options.settings) as made, ExitStack() as stack:
        for _ in range(WORKERS):
            stack.enter_context(made.worker())
        how = f"403 to everybody, {browsers:,} browsers, {WORKERS} workers; {options.database}"
        _show(figures, "forbidden", _refuse(made, after=0), f"from the beginning; {how}")
        _show(figures, "forbidden_midway", _refuse(made, after=browsers // 4), f"after a quarter of them; {how}")


def _refuse(made: Scene, after: int) -> Seen:
    service, before = made.service, Counter(made.alerts())
    service.came.clear()
    service.answer = _refusing_after(service.came, after)
    number = made.broadcast()
    service.wait_for(after + 1, MOST_SECONDS)
    time.sleep(QUIET_SECONDS)
    refused = statuses(service.came, 403)
    service.wait_for(len(service.came) + TRIALS, MOST_SECONDS)
    turned_off = made.off()
    service.answer = accept
    repaired_at = time.monotonic()
    made.wait_until_final(number, MOST_SECONDS)
    alerts = Counter(made.alerts()) - before
    return Seen(
        most_refused=MOST_REFUSED + (ON_ITS_WAY if after else 0),
        refused=refused,
        refused_in_all=statuses(service.came, 403),
        turned_off=max(turned_off, made.off()),
        key_alerts=sum(count for (kind, _host), count in alerts.items() if kind == AlertKind.OUR_KEY),
        alerts=alerts.total(),
        verdict=judge(made.browsers, service.came, made.opened),
        wrong_states=len(made.browsers) - made.states(number)[State.ACCEPTED, None],
        seconds=time.monotonic() - repaired_at,
    )


def _refusing_after(came: Sequence[Came], number: int) -> Answering:
    return lambda _endpoint: Reply(201 if len(came) < number else 403)


def _show(figures: Figures, name: str, seen: Seen, how: str) -> None:
    figures.show(f"{name}_turned_off", seen.turned_off, f"browsers; {how}", most=0)
    figures.show(f"{name}_requests", seen.refused, f"refused before all spare it; {how}", most=seen.most_refused)
    figures.show(f"{name}_refused", seen.refused_in_all, f"requests, with those that tried it later; {how}")
    figures.show(f"{name}_alerts", seen.key_alerts, f"alerts of a refused key; {how}", least=1, most=1)
    figures.show(f"{name}_other_alerts", seen.alerts - seen.key_alerts, f"alerts of anything else; {how}", most=0)
    figures.show(f"{name}_lost", seen.verdict.lost, f"browsers that got nothing after the repair; {how}", most=0)
    figures.show(f"{name}_repeated", seen.verdict.repeated, f"pushes accepted more than once; {how}", most=0)
    figures.show(f"{name}_wrong_states", seen.wrong_states, f"rows that are not accepted; {how}", most=0)
    figures.show(f"{name}_seconds", seen.seconds, f"from the repair until all is delivered; {how}")
