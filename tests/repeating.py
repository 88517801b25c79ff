"""Who does something again and again while something else is watched."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def repeating(acts: Iterable[Callable[[], object]], pause_seconds: float) -> Iterator[None]:
    """Each in a thread of its own, until the block ends."""
    is_over = threading.Event()

    def repeat(act: Callable[[], object]) -> None:
        while not is_over.wait(pause_seconds):
            act()

    with ExitStack() as stack:
        for act in acts:
            thread = threading.Thread(target=repeat, args=(act,))
            thread.start()
            stack.callback(thread.join)
        stack.callback(is_over.set)
        yield
