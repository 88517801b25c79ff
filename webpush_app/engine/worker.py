"""The embedded worker: `python -m webpush_app.engine.worker`, a fresh interpreter beside the server.

SIGTERM: takes nothing more, finishes what is under way, ends. SIGINT (Ctrl-C): hands back what is under way and ends at
once. When its standard input ends, whoever started it is gone, and it stops as with SIGTERM.
"""

import os
import signal
import sys

from flask import Flask

from webpush_app import database, logs
from webpush_app.delivery.doorbell import Doorbell
from webpush_app.engine.carrying import MakeTransport, open_transport, transport_for
from webpush_app.engine.loop import Loop
from webpush_app.errors import StartError
from webpush_app.factory import create_app

KEPT = "--kept"  # started by the keeper, which holds the other end of standard input
_ENDS = (signal.SIGTERM, signal.SIGINT)


def serve(app: Flask, make_transport: MakeTransport, *, is_kept: bool) -> None:
    """Deliver until a signal says otherwise; one that comes too early waits until it can be heard."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    doorbell = Doorbell(app.config["SETTINGS"].instance_path)
    with app.app_context():
        database.leave_the_disk_its_time()
    loop = Loop(app, open_transport(app, make_transport), doorbell, also=sys.stdin.fileno() if is_kept else None)
    is_sudden = False

    def stop(number: int, _frame: object) -> None:
        nonlocal is_sudden
        is_sudden = is_sudden or number == signal.SIGINT
        loop.stop()

    for number in _ENDS:
        signal.signal(number, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
    loop.run(is_sudden=lambda: is_sudden)
    doorbell.close()
    # Threads that still wait for a push service must not hold up the end.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def main() -> int:
    logs.set_up()
    try:
        app = create_app()
        serve(app, transport_for(app), is_kept=KEPT in sys.argv)
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
