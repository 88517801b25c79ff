"""A worker's threads: one takes what is due, one sends, one writes down what happened, one fills the outbox for
broadcasts, and one keeps house. Whoever runs them says when what is due is taken, and of which lanes.

Each round has an app context of its own, and with it a database session; whoever sends needs none.
"""

import itertools
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from flask import Flask

from webpush_app.broadcasts.service import fan_out_step
from webpush_app.delivery.beats import Beat
from webpush_app.delivery.dispatcher import Dispatcher
from webpush_app.delivery.flow import GROUP
from webpush_app.delivery.models import Lane
from webpush_app.errors import DatabaseBusy
from webpush_app.logs import line
from webpush_app.protocol.transport import Transport

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0
# These three are less than the fifteen seconds after which whoever asked for the end may lose patience.
DRAIN_SECONDS = 11.0
TAKEN_SECONDS = 1.0
HAND_BACK_SECONDS = 2.5
BETWEEN_STEPS_SECONDS = 0.005
# Answers are written down together, but a worker that is killed has few that were not.
GROUP_SECONDS = 0.05
AFTER_A_FAILURE_SECONDS = 1.0
PACED_SECONDS = 0.1

Round = Callable[[], object]  # true when there may be more to do at once
Chore = Callable[[], float]  # does what is due, and says how many seconds may pass until the next call


class Works:
    """`look_every` seconds pass until what nobody woke it for is found, while something is to be taken."""

    def __init__(
        self, app: Flask, transport: Transport, chores: Sequence[Chore] = (), look_every: float | None = None
    ) -> None:
        self._app = app
        self._dispatcher = Dispatcher(transport)
        self._flow = self._dispatcher.flow
        self._beat = Beat(self._dispatcher.counters, self._dispatcher.fellows)
        self._chores = (self._beat.step, *chores)
        self._look_every = LOOK_EVERY_SECONDS if look_every is None else look_every
        self._wanted: Counter[Lane] = Counter()
        # Numbers what makes another look worth while; and for which of it each kind of look was in vain.
        self._numbers = itertools.count(1)
        self._newest = self._found_nothing = self._filled_nothing = 0
        self._more_to_fill = threading.Event()
        self._has_ended = threading.Event()
        self._taken = threading.Event()  # and nothing more will be
        self._all_sent = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        works = (self._take, self._send, self._settle, self._fill, self._keep_house)
        self._threads = [threading.Thread(target=work, name=work.__name__, daemon=True) for work in works]
        for thread in self._threads:
            thread.start()

    @contextmanager
    def taking(self, lanes: Collection[Lane]) -> Iterator[None]:
        """What is due of these lanes is taken meanwhile, and broadcasts are put into the outbox if theirs is one."""
        self.begin(lanes)
        try:
            yield
        finally:
            self.rest(lanes)

    def begin(self, lanes: Collection[Lane]) -> None:
        self._wanted.update(lanes)
        self._newest = next(self._numbers)
        self.wake()

    def rest(self, lanes: Collection[Lane]) -> None:
        self._wanted.subtract(lanes)

    def wake(self) -> None:
        """Something is due: look at once."""
        self._dispatcher.room_came.set()
        self._more_to_fill.set()

    @property
    def is_idle(self) -> bool:
        """Since it was last wanted nothing was found any more, and nothing of what was taken is left here. While a push
        service is sent to slowly something may be due that may not be taken yet."""
        newest = self._newest
        has_filled = not self._wanted[Lane.BROADCAST] or self._filled_nothing == newest
        return self._found_nothing == newest and has_filled and self._flow.is_empty and not self._flow.is_paced

    def end(self, is_sudden: Callable[[], bool]) -> None:
        """What is under way is finished, or, where the stop is sudden or push services take too long, handed back: it
        is anybody's again at once."""
        self._flow.close()
        self._has_ended.set()
        self.wake()
        deadline = time.monotonic() + DRAIN_SECONDS
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < deadline and not is_sudden():
            time.sleep(0.01)
        self._give_back()

    def _lanes(self) -> list[Lane]:
        return [lane for lane in Lane if self._wanted[lane] > 0]

    def _goes_on(self, bell: threading.Event) -> bool:
        """The bell is quiet before the end is looked for: the end rings it, and must not be missed."""
        bell.clear()
        return not self._has_ended.is_set()

    def _take(self) -> None:
        bell = self._dispatcher.room_came
        while self._goes_on(bell):
            newest, lanes = self._newest, self._lanes()
            if not lanes:
                bell.wait()
                continue
            was_found = self._do(partial(self._dispatcher.take, lanes))
            if was_found:
                self._found_nothing = 0
            elif was_found is not None and not self._dispatcher.has_no_room:
                self._found_nothing = newest
            if not was_found or self._dispatcher.has_taken_all:
                bell.wait(PACED_SECONDS if self._flow.is_paced else self._look_every)
        self._taken.set()

    def _send(self) -> None:
        """Ends when nothing more is to be sent and everything is answered."""
        while not self._do(self._send_until_closed):
            pass  # that has waited for a moment
        self._all_sent = True
        self._flow.something_happened.set()

    def _send_until_closed(self) -> bool:
        self._dispatcher.send()
        return True

    def _settle(self) -> None:
        """Answers are written down together, but none waits for long: what is not written down is sent again should
        this process be killed."""
        came, much = self._flow.something_happened, self._flow.much_happened
        while self._flow.happened or not self._all_sent:
            came.wait(LOOK_EVERY_SECONDS)
            came.clear()
            if not self._all_sent:
                much.wait(GROUP_SECONDS)
            much.clear()
            while self._do(self._dispatcher.settle):
                if len(self._flow.happened) < GROUP:
                    break
            if self._flow.happened:
                came.set()

    def _fill(self) -> None:
        while self._goes_on(self._more_to_fill):
            newest = self._newest
            if not self._wanted[Lane.BROADCAST]:
                self._more_to_fill.wait()
                continue
            was_filled = self._do(fan_out_step)
            if was_filled:
                self._newest = next(self._numbers)
                self._dispatcher.room_came.set()
                time.sleep(BETWEEN_STEPS_SECONDS)  # people who write get their turn
            else:
                if was_filled is not None:
                    self._filled_nothing = newest
                self._more_to_fill.wait(self._look_every)

    def _keep_house(self) -> None:
        while not self._has_ended.is_set():
            with self._app.app_context():
                seconds = min(_seconds_until_next(chore) for chore in self._chores)
            self._has_ended.wait(seconds)
        with self._app.app_context():
            self._beat.stop()

    def _give_back(self) -> None:
        """What was taken in the last instant is there by now."""
        self._taken.wait(TAKEN_SECONDS)
        # A database that is busy is not waited for: then the leases bring everything back.
        handing_back = threading.Thread(target=self._do, args=(self._hand_back,), daemon=True)
        handing_back.start()
        handing_back.join(HAND_BACK_SECONDS)

    def _hand_back(self) -> None:
        self._dispatcher.hand_back()

    def _do(self, one_round: Round) -> bool | None:
        """Was there something to do? None where that is not known, because it failed."""
        try:
            with self._app.app_context():
                return bool(one_round())
        except DatabaseBusy:
            log.warning(line("database_busy", next="the worker tries it again"))
        except Exception:
            # The rows come back when their lease ends.
            log.exception(line("round_failed", next="the worker goes on with the next one"))
        self._has_ended.wait(AFTER_A_FAILURE_SECONDS)
        return None


def _seconds_until_next(chore: Chore) -> float:
    try:
        return chore()
    except Exception:
        log.exception(line("house_keeping_failed"))
        return AFTER_A_FAILURE_SECONDS
