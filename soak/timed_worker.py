"""The worker of the tests, which says of each claim how many rows it took and how long it waited for them.

`python -m soak.timed_worker`, with what `tests.push.worker` needs.
"""

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch

from bench.figures import MILLISECONDS
from tests.push.worker import main
from webpush_app.delivery import claims, pauses
from webpush_app.delivery.claims import Claim, Share
from webpush_app.delivery.pauses import Known

MODULE = "soak.timed_worker"
CLAIMED = "Claimed"


class Timed:
    """A claim, and the look before it at which push services something is due."""

    def __init__(self) -> None:
        self._look: Callable[[Known], Any] = pauses.read_standings
        self._claim = claims.claim_due
        self._look_ms = 0.0

    def look(self, known: Known) -> Any:
        began = time.monotonic()
        found = self._look(known)
        self._look_ms = (time.monotonic() - began) * MILLISECONDS
        return found

    def claim(self, shares: Sequence[Share]) -> Claim:
        began = time.monotonic()
        claim = self._claim(shares)
        took_ms = (time.monotonic() - began) * MILLISECONDS
        if claim.rows:
            sys.stdout.write(f"{CLAIMED} {len(claim.rows)} {self._look_ms:.3f} {took_ms:.3f}\n")
            sys.stdout.flush()
        return claim


if __name__ == "__main__":
    timed = Timed()
    with patch.object(pauses, "read_standings", timed.look), patch.object(claims, "claim_due", timed.claim):
        main()
