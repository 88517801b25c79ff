"""The worker's threads: one takes what is due, one sends, one writes down what happened, one fills the outbox for
broadcasts, and one keeps house.

Each round has an app context of its own, and with it a database session; whoever sends needs none.
"""

import logging
import threading
import time
from collections.abc import Callable

from flask import Flask

from webpush_app.broadcasts.service import fan_out_step
from webpush_app.delivery import tidy
from webpush_app.delivery.beats import Beat
from webpush_app.delivery.dispatcher import Dispatcher
from webpush_app.delivery.doorbell import Doorbell
from webpush_app.delivery.flow import GROUP
from webpush_app.delivery.housekeeping import HouseKeeping
from webpush_app.errors import DatabaseBusy
from webpush_app.logs import line
from webpush_app.protocol.transport import Transport
from webpush_app.subscriptions import standing

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


def _seconds_until_next(step: Callable[[], float]) -> float:
    try:
        return step()
    except Exception:
        log.exception(line("house_keeping_failed"))
        return AFTER_A_FAILURE_SECONDS


class Loop:
    def __init__(self, app: Flask, transport: Transport, doorbell: Doorbell, *, also: int | None = None) -> None:
        self._app = app
        self._doorbell = doorbell
        self._parent = [] if also is None else [also]
        self._dispatcher = Dispatcher(transport)
        self._flow = self._dispatcher.flow
        self._more_to_fill = threading.Event()
        self._has_ended = threading.Event()
        self._taken = threading.Event()  # and nothing more will be
        self._is_stopping = False
        self._all_sent = False

    def run(self, is_sudden: Callable[[], bool]) -> None:
        """Until `stop()` is called, or whoever started this process is gone. Then what is under way is finished, or,
        where the stop is sudden or push services take too long, handed back: it is anybody's again at once."""
        works = (self._take, self._send, self._settle, self._fill, self._keep_house)
        threads = [threading.Thread(target=work, name=work.__name__, daemon=True) for work in works]
        for thread in threads:
            thread.start()
        while not self._is_stopping:
            if self._doorbell.wait(LOOK_EVERY_SECONDS, self._parent):
                self._is_stopping = True
            self._wake()
        self._flow.close()
        self._has_ended.set()
        self._wake()
        deadline = time.monotonic() + DRAIN_SECONDS
        while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline and not is_sudden():
            time.sleep(0.01)
        self._give_back()

    def stop(self) -> None:
        """From a signal's handler: nothing more is taken; what is under way is finished."""
        self._is_stopping = True
        self._doorbell.ring()

    def _take(self) -> None:
        bell = self._dispatcher.room_came
        while not self._is_stopping:
            bell.clear()
            if not self._do(self._dispatcher.take) or self._dispatcher.has_taken_all:
                bell.wait(PACED_SECONDS if self._flow.is_paced else LOOK_EVERY_SECONDS)
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
        while not self._is_stopping:
            self._more_to_fill.clear()
            if self._do(fan_out_step):
                time.sleep(BETWEEN_STEPS_SECONDS)  # people who write get their turn
            else:
                self._more_to_fill.wait(LOOK_EVERY_SECONDS)

    def _keep_house(self) -> None:
        beat = Beat(self._dispatcher.counters)
        house = HouseKeeping(lambda: tidy.steps(tidy.forgetting(standing.forget_gone)))
        while not self._is_stopping:
            with self._app.app_context():
                seconds = min(_seconds_until_next(beat.step), _seconds_until_next(house.step))
            self._has_ended.wait(seconds)
        with self._app.app_context():
            beat.stop()

    def _give_back(self) -> None:
        """What was taken in the last instant is there by now."""
        self._taken.wait(TAKEN_SECONDS)
        # A database that is busy is not waited for: then the leases bring everything back.
        handing_back = threading.Thread(target=self._do, args=(self._hand_back,), daemon=True)
        handing_back.start()
        handing_back.join(HAND_BACK_SECONDS)

    def _hand_back(self) -> None:
        self._dispatcher.hand_back()

    def _do(self, one_round: Round) -> bool:
        try:
            with self._app.app_context():
                return bool(one_round())
        except DatabaseBusy:
            log.warning(line("database_busy", next="the worker tries it again"))
        except Exception:
            # The rows come back when their lease ends.
            log.exception(line("round_failed", next="the worker goes on with the next one"))
        self._has_ended.wait(AFTER_A_FAILURE_SECONDS)
        return False

    def _wake(self) -> None:
        self._dispatcher.room_came.set()
        self._more_to_fill.set()
