"""A broadcast from the outbox to the push service: what each push costs the worker, beside encryption alone, the
tutorials' loop and npm's web-push, all to the same browsers and against the same push service, which takes everything.

What is compared is the CPU time of who sends. The sides take turns in short rounds, so that what else the machine does
meets all of them.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import node, subscribers
from bench.answering import TakingService, taking, told
from bench.figures import median, show, tell
from bench.subscribers import CONTACT, Subscribers
from tests.push.worker_process import Worker, pushing

BROWSERS = 5000
ROUNDS = 5
# The loop is so slow that a part of the browsers is enough for a round; over all rounds each has its turn.
LOOP_COUNT = BROWSERS // ROUNDS
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_ENCODE = "WebPusher.encode alone, nothing sent"
_LOOP = "a loop of pywebpush.webpush()"
_NODE = "npm's web-push, keep-alive, 32 at a time"
_TWO = "two workers together, for each CPU-second of both"

Send = Callable[[int], float]
"""One round: from its number to the CPU seconds of a push."""


@dataclass(frozen=True)
class Scene:
    crowd: Subscribers
    service: TakingService
    workers: Sequence[Worker]

    def broadcast(self, workers: Sequence[Worker]) -> float:
        taken, before = self.service.ask()["taken"], sum(map(cpu_seconds, workers))
        self.crowd.wait_for(self.crowd.start_broadcast())
        cost = sum(map(cpu_seconds, workers)) - before
        if (sent := self.service.ask()["taken"] - taken) != BROWSERS:
            raise AssertionError(f"{sent} pushes arrived in place of {BROWSERS}")
        return cost / BROWSERS

    def broadcast_by_one(self, _number: int) -> float:
        return self.broadcast(self.workers[:1])

    def broadcast_by_all(self, _number: int) -> float:
        for worker in self.workers[1:]:
            worker.process.send_signal(signal.SIGCONT)
        try:
            return self.broadcast(self.workers)
        finally:
            pause(self.workers[1:])


def measure(folder: Path) -> None:
    tell(f"broadcasting: {ROUNDS} rounds of a broadcast to {BROWSERS:,} browsers, ours and the peers in turn")
    place = folder / "broadcasting"
    place.mkdir()
    with ExitStack() as stack:
        service = stack.enter_context(taking(place))
        crowd = subscribers.make(place, BROWSERS)
        scene = Scene(crowd, service, [stack.enter_context(_worker(place, service)) for _ in range(2)])
        pause(scene.workers[1:])
        sides: dict[str, Send] = {"ours": scene.broadcast_by_one, _TWO: scene.broadcast_by_all}
        sides |= _peers(stack, scene)
        _show(_take(sides), _took(scene))


def cpu_seconds(worker: Worker) -> float:
    return cpu_seconds_of(worker.process.pid)


def cpu_seconds_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def pause(workers: Sequence[Worker]) -> None:
    for worker in workers:
        worker.process.send_signal(signal.SIGSTOP)


@contextmanager
def _worker(place: Path, service: TakingService) -> Iterator[Worker]:
    with pushing(place, service.stand_in, service.ca_file, VAPID_CLAIM_EMAIL=CONTACT) as worker:
        try:
            yield worker
        finally:
            worker.process.send_signal(signal.SIGCONT)  # one that stands still cannot be told to end


def _peers(stack: ExitStack, scene: Scene) -> dict[str, Send]:
    first = scene.crowd.start_broadcast()
    scene.crowd.wait_for(first)
    file = scene.crowd.write_for_peers(first, scene.service.port)
    python = [sys.executable, "-m", "bench.push_peer"]
    trusted = str(scene.service.ca_file)
    encode = stack.enter_context(told([*python, "encode", file]))
    loop = stack.enter_context(told([*python, "webpush", file], REQUESTS_CA_BUNDLE=trusted))
    script = node.SCRIPTS / "web_push.js"
    modules = {"NODE_PATH": str(node.web_push_modules()), "NODE_EXTRA_CA_CERTS": trusted}
    web_push = stack.enter_context(told([node.node(), script, file], **modules))
    for one in (encode, loop, web_push):
        one.listen()  # it is ready
    return {
        _ENCODE: lambda _number: encode.send(0, BROWSERS) / BROWSERS,
        _LOOP: lambda number: loop.send(number * LOOP_COUNT, LOOP_COUNT) / LOOP_COUNT,
        _NODE: lambda _number: web_push.send(0, BROWSERS) / BROWSERS,
    }


def _take(sides: dict[str, Send]) -> dict[str, list[float]]:
    """Pushes for each CPU second."""
    for send in sides.values():
        send(0)
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(ROUNDS):
        for name, send in sides.items():
            rates[name].append(1 / send(number))
    return rates


def _took(scene: Scene) -> str:
    """That the push service was not what everybody waited for."""
    began, before = time.perf_counter(), scene.service.ask()
    scene.broadcast_by_one(0)
    seconds, after = time.perf_counter() - began, scene.service.ask()
    busy = (after["cpu_seconds"] - before["cpu_seconds"]) / seconds
    return f"{BROWSERS / seconds:.0f} a second, the push service at work for {busy:.0%} of the time"


def _show(rates: dict[str, list[float]], took: str) -> None:
    ours = rates.pop("ours")
    how = f"{BROWSERS:,} browsers, median of {ROUNDS} rounds, {min(ours):.0f} to {max(ours):.0f}; {took}; SQLite"
    for name, theirs in rates.items():
        figure = "broadcast_pushes_per_cpu_second"
        spread = f"{how}; peer {min(theirs):.0f} to {max(theirs):.0f}"
        show(figure, median(ours), spread, peer=name, peer_value=median(theirs), more_is_better=True)
