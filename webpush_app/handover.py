"""When the server is told to take new code, the processes that serve go on until those that follow can.

gunicorn tells the old ones to go as soon as it has begun the new ones, which load for seconds; whoever came in between
would wait. What they have to know of each other is two numbers in memory that they share: gunicorn numbers its
processes as it starts them.
"""

import mmap
import struct

_TWO = struct.Struct("=qq")


class Handover:
    def __init__(self) -> None:
        self._numbers = mmap.mmap(-1, _TWO.size)  # shared with every process that is forked from this one

    def expect(self, age: int) -> None:
        """Said by the server: who is older than this one makes room for it."""
        _awaited, arrived = self._read()
        self._numbers[:] = _TWO.pack(age, arrived)

    def arrive(self, age: int) -> None:
        """Said by a process that can serve from now on. It is enough that one of the new ones can."""
        awaited, arrived = self._read()
        self._numbers[:] = _TWO.pack(awaited, max(age, arrived))

    def has_to_be_waited_for_by(self, age: int) -> bool:
        awaited, arrived = self._read()
        return age < awaited and arrived < awaited

    def is_followed(self, age: int) -> bool:
        awaited, _arrived = self._read()
        return age < awaited

    def _read(self) -> tuple[int, int]:
        awaited, arrived = _TWO.unpack(self._numbers[:])
        return awaited, arrived


handover = Handover()
