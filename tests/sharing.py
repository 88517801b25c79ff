"""How several processes share the tests: `make test` runs a few of them at once.

What shares a server or a browser that takes long to start stays in one process, and what takes longest begins first. A
test that measures a loaded machine is marked `alone`: nothing else runs meanwhile.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatch
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it ships no types

# The slowest first. A group is one unit of work; whatever is in none is shared out file by file.
GROUPS = (
    "tests/browser/live/*",
    "tests/browser/test_[a-l]*",
    "tests/browser/test_[m-z]*",
    "tests/push/test_chromium*",
    "tests/push/test_firefox*",
    "tests/server/*",
    "tests/deploy/*",
    "tests/engine/test_c*",
    "tests/engine/*",
    "tests/soak/*",
)
LONGEST_ID = 32
MOST_PROCESSES = 4
_is_shared_out = "PYTEST_XDIST_WORKER" in os.environ


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((group for group in GROUPS if fnmatch(file, group)), file)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Sets are gone through in the same order by all of them; another order in the next run."""
    if getattr(config.option, "numprocesses", None):
        os.environ.setdefault("PYTHONHASHSEED", str(secrets.randbelow(2**32)))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """What is long may have been made at random, and all of them must know a test by the same name."""
    return argname if isinstance(val, str | bytes) and len(val) > LONGEST_ID else None


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many tests wait for a browser, a server or a clock."""
    return min(MOST_PROCESSES, (os.cpu_count() or 1) + 1)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if _is_shared_out:
        items.sort(
            key=lambda item: next((place for place, group in enumerate(GROUPS) if fnmatch(item.nodeid, group)), 99)
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    if not _is_shared_out:
        return (yield)
    folder: Path = item.config._tmp_path_factory.getbasetemp().parent  # type: ignore[attr-defined]  # the whole run's
    with _turn(folder, is_alone=item.get_closest_marker("alone") is not None):
        return (yield)


@contextmanager
def _turn(folder: Path, *, is_alone: bool) -> Iterator[None]:
    """Who wants to be alone stops the others at the door, and waits until those inside have come out."""
    with ExitStack() as inside:
        room = inside.enter_context((folder / ".room.lock").open("w"))
        with (folder / ".door.lock").open("w") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(room, fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH)
            if is_alone:
                yield
                return
        yield
