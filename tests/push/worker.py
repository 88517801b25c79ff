"""The real worker, with one thing changed: every push service's name leads to the tests' own, and to nothing else.

`python -m tests.push.worker`, with INSTANCE_PATH, PUSH_STAND_IN (127.0.0.1:PORT) and PUSH_CA_FILE.
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.push.redirection import transport_options
from webpush_app import logs
from webpush_app.engine.worker import serve
from webpush_app.factory import create_app
from webpush_app.protocol.transport import Transport
from webpush_app.protocol.transports import transport_named


def main() -> None:
    logs.set_up()
    options = transport_options(os.environ["PUSH_STAND_IN"], Path(os.environ["PUSH_CA_FILE"]))
    app = create_app()
    make_transport = transport_named(app.config["SETTINGS"].push_transport)
    serve(app, announced(partial(make_transport, **options)), is_kept=False)


def announced(make_transport: Callable[..., Transport]) -> Callable[..., Transport]:
    """Says that it is ready when the worker makes its transport: from then on no signal is too early."""

    def make(**options: Any) -> Transport:
        sys.stdout.write("Pushing\n")
        sys.stdout.flush()
        return make_transport(**options)

    return make


if __name__ == "__main__":
    main()
