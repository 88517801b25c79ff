"""A push service is down for ten minutes while pushes come as steadily as ever. When it is back, it is not run over: no
second brings it more than twice the usual number, and all that has waited arrives.

The clock is told, in steps of a fifth of a second, to workers in this process. Where there are several, each looks in
every step, as a worker does ten times a second after an outage; who of them comes first changes from step to step, and
now and then one misses it.
"""

import math
import random
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from soak.clocks import ToldTime, told_time
from soak.figures import Figures
from soak.options import Options
from soak.recording import accept
from soak.scene import Scene, scene
from tests.push.listener import Reply
from tests.push.redirection import transport_options
from webpush_app.database import begin_write, db
from webpush_app.delivery import trial
from webpush_app.delivery.beats import EVERY_SECONDS, Beat
from webpush_app.delivery.dispatcher import Dispatcher
from webpush_app.delivery.outbox import enqueue_for_browser
from webpush_app.protocol.transports import transport_named

RATE = 10  # pushes in one second, before, meanwhile and afterwards
WORKERS = (1, 2)
MISSED_STEPS = 0.1
USUAL_SECONDS = 120.0
OUTAGE_SECONDS = 600.0
STEP_SECONDS = 0.2
TIMES_THE_USUAL = 2.0
AFTERWARDS_SECONDS = 60.0
MOST_SECONDS = 7200.0
BROWSERS = 500
LASTS = timedelta(hours=24)


@dataclass
class Course:
    """How many requests came at which second, by the told clock."""

    steps: list[tuple[float, int]] = field(default_factory=list)

    def note(self, second: float, number: int) -> None:
        self.steps.append((second, number))

    def total(self, since: float, until: float) -> int:
        return sum(number for second, number in self.steps if since <= second < until)

    def busiest_second(self, since: float, until: float = math.inf) -> int:
        """Wherever that second begins."""
        most = in_window = 0
        window: deque[tuple[float, int]] = deque()
        for second, number in self.steps:
            if since <= second < until:
                window.append((second, number))
                in_window += number
                while window[0][0] <= second - 1 + STEP_SECONDS / 2:
                    in_window -= window.popleft()[1]
                most = max(most, in_window)
        return most


@dataclass(frozen=True)
class Seen:
    busiest: int
    usual: int
    meanwhile: int
    lost: int
    drained: float


class Site:
    """Pushes are written steadily, and the workers deliver what is due."""

    def __init__(self, made: Scene, dispatchers: Sequence[Dispatcher], told: ToldTime, chance: random.Random) -> None:
        self.course = Course()
        self.written = 0
        self._made, self._dispatchers, self._told, self._chance = made, dispatchers, told, chance
        self._beats = [Beat(one.counters, one.fellows) for one in dispatchers]
        self._beat_at = [chance.uniform(0, EVERY_SECONDS) for _ in dispatchers]
        self._browsers = made.subscription_ids()

    def until(self, second: float) -> None:
        while self._told.seconds < second:
            self._step()

    def until_all_is_final(self) -> None:
        while self._made.waiting(trial.KIND) > RATE:
            self.until(self._told.seconds + 1)
            if self._told.seconds > MOST_SECONDS:
                raise AssertionError(f"{self._made.waiting(trial.KIND)} pushes still wait after {MOST_SECONDS} s")

    def _step(self) -> None:
        before = len(self._made.service.came)
        with self._made.app.app_context():
            self._write()
            self._say_who_is_there()
            for one in self._who_works():
                one.deliver_batch()
        self.course.note(self._told.seconds, len(self._made.service.came) - before)
        self._told.advance(STEP_SECONDS)

    def _write(self) -> None:
        """As many as should be there by now, to one browser after the other."""
        begin_write()
        for number in range(self.written, int(self._told.seconds * RATE)):
            enqueue_for_browser(trial.KIND, number + 1, self._browsers[number % len(self._browsers)], lasts=LASTS)
            self.written += 1
        db.session.commit()

    def _say_who_is_there(self) -> None:
        """Each worker at moments of its own."""
        for number, beat in enumerate(self._beats):
            if self._told.seconds >= self._beat_at[number]:
                beat.beat()
                self._beat_at[number] += EVERY_SECONDS

    def _who_works(self) -> Sequence[Dispatcher]:
        """Whoever comes first finds all that is due. One that is busy with something else misses a step."""
        here = [one for one in self._dispatchers if self._chance.random() >= MISSED_STEPS]
        return self._chance.sample(here, len(here))


def prove(folder: Path, options: Options, figures: Figures) -> None:
    down = options.seconds or OUTAGE_SECONDS
    for workers in WORKERS:
        with scene(folder / f"workers-{workers}", BROWSERS, **options.settings) as made:
            seen = _go_through(made, down, workers, random.Random(options.seed))
        how = (
            f"{RATE} pushes a second, the push service down for {down:g} s of told time; {workers} workers; "
            f"{options.database}, seed {options.seed}"
        )
        name = "outage" if workers == 1 else f"outage_{workers}_workers"
        figures.show(
            f"{name}_busiest_second", seen.busiest, f"requests, after it was back; {how}", most=TIMES_THE_USUAL * RATE
        )
        figures.show(f"{name}_usual_second", seen.usual, f"the busiest before; {how}")
        figures.show(f"{name}_requests", seen.meanwhile, f"while it was down, but for the first second; {how}", most=20)
        figures.show(f"{name}_lost", seen.lost, f"pushes; {how}", most=0)
        figures.show(f"{name}_drained_seconds", seen.drained, f"until all that had waited was delivered; {how}")


def _go_through(made: Scene, down: float, workers: int, chance: random.Random) -> Seen:
    with told_time() as told, _workers(made, workers) as dispatchers:
        site = Site(made, dispatchers, told, chance)
        site.until(USUAL_SECONDS)
        made.service.answer = _break_down
        site.until(USUAL_SECONDS + down)
        made.service.answer = accept
        site.until_all_is_final()
        drained = told.seconds - USUAL_SECONDS - down
        site.until(told.seconds + AFTERWARDS_SECONDS)
    accepted = {one.topic for one in made.service.came if one.status == 201}
    return Seen(
        busiest=site.course.busiest_second(USUAL_SECONDS + down),
        usual=site.course.busiest_second(0, USUAL_SECONDS),
        meanwhile=site.course.total(USUAL_SECONDS + 1, USUAL_SECONDS + down),
        lost=site.written - len(accepted) - made.waiting(trial.KIND),
        drained=drained,
    )


@contextmanager
def _workers(made: Scene, number: int) -> Iterator[list[Dispatcher]]:
    options = transport_options(made.service.stand_in, made.service.ca_file)
    make_transport = transport_named(made.app.config["SETTINGS"].push_transport)
    transports = [make_transport(**options) for _ in range(number)]
    yield [Dispatcher(one) for one in transports]
    for one in transports:
        one.close()


def _break_down(_endpoint: str) -> Reply:
    return Reply(503)
