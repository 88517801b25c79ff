"""How long `python app.py` takes to its first answer, and how much memory the service holds then."""

import time
from pathlib import Path

from bench.figures import median, show, tell
from tests.server.running import running

_STARTS = 5
_MEBI = 1024.0


def measure(folder: Path) -> None:
    tell("starting: once new, then again")
    first, _ = _start(folder / "starting")
    again = [_start(folder / "starting") for _ in range(_STARTS)]
    how = "from `python app.py` to the first answer of /healthz"
    show("first_start_seconds", first, f"{how}; in an empty folder, with keys and database made")
    seconds = [taken for taken, _ in again]
    show("start_seconds", median(seconds), f"{how}; median of {_STARTS}, {min(seconds):.2f} to {max(seconds):.2f}")
    resident = [memory for _, (memory, _) in again]
    shared_once = median([memory for _, (_, memory) in again])
    how = f"resident after the start, summed over all processes, median of {_STARTS}"
    show("memory_mb", median(resident), f"{how}; with shared pages counted once (PSS) {shared_once:.0f} MB")


def _start(instance: Path) -> tuple[float, tuple[float, float]]:
    started = time.perf_counter()
    with running(instance) as server:
        seconds = time.perf_counter() - started
        pids = _family(server.process.pid)
        return seconds, (_sum(pids, "status", "VmRSS:"), _sum(pids, "smaps_rollup", "Pss:"))


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(member for child in children for member in _family(int(child)))]


def _sum(pids: list[int], file: str, name: str) -> float:
    """Megabytes of that name in `/proc/<pid>/<file>`, where the kernel writes `Name:  123 kB`."""
    lines = (line for pid in pids for line in Path(f"/proc/{pid}/{file}").read_text(encoding="ascii").splitlines())
    return sum(int(line.split()[1]) for line in lines if line.startswith(name)) / _MEBI
