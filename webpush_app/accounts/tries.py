"""One try at a password: let in when nothing that is still undecided could make it wait.

An entry point's step: it commits, for a try has to be counted before the long work that decides it.
"""

import time

from webpush_app.accounts import passwords, throttle
from webpush_app.database import begin_write, db

PATIENCE_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 0.02


def begin(username: str, address: str) -> int:
    """The number of the try, which is then failed or taken back. The caller holds a place, and has nothing to write."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while True:
            db.session.rollback()  # asked of the database as it is now
            throttle.check_may_try(username, address)
            begin_write()
            number = throttle.begin_try(username, address)
            db.session.commit()
            if number is not None:
                return number
            if time.monotonic() >= deadline:
                raise passwords.come_back()
            time.sleep(LOOK_AGAIN_SECONDS)
    finally:
        db.session.rollback()  # no lock and no snapshot is held while hashes are computed, or a refusal is shown
