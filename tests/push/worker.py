"""The real worker, with one thing changed: every push service's name leads to the tests' own, and to nothing else.

`python -m tests.push.worker`, with INSTANCE_PATH, PUSH_STAND_IN (127.0.0.1:PORT) and PUSH_CA_FILE.
"""

import os
import sys
from functools import partial
from pathlib import Path

from tests.push.redirection import transport_options
from webpush_app import logs
from webpush_app.engine.worker import serve
from webpush_app.factory import create_app
from webpush_app.protocol.transports import transport_named


def main() -> None:
    logs.set_up()
    options = transport_options(os.environ["PUSH_STAND_IN"], Path(os.environ["PUSH_CA_FILE"]))
    app = create_app()
    sys.stdout.write("Pushing\n")
    sys.stdout.flush()
    make_transport = transport_named(app.config["SETTINGS"].push_transport)
    serve(app, partial(make_transport, **options), is_kept=False)


if __name__ == "__main__":
    main()
