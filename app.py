"""The entry point: `python app.py` serves the service; `flask` and gunicorn find `create_app` here."""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Python 3.11 or newer is needed; this is %d.%d. Install a newer one and start again." % sys.version_info[:2]
    )

if __name__ == "__main__":
    import signal

    # Ctrl-C while everything is being loaded ends it in silence; once it is loaded, the server has its own way to stop.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from webpush_app import create_app

__all__ = ["create_app"]

if __name__ == "__main__":
    from webpush_app.start import main

    sys.exit(main())
