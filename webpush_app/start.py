"""The start command: everything that must be right before the server runs, each failure as one line.

It prepares in one interpreter and then becomes gunicorn in a fresh one: gevent has to patch the standard library before
anything else is imported there.
"""

import errno
import fcntl
import os
import resource
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from alembic.util.exc import CommandError
from flask import Flask
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError

from webpush_app import config, translate
from webpush_app.accounts import first_admin
from webpush_app.config import ROOT, Settings
from webpush_app.database import begin_write, check, db, migrating
from webpush_app.errors import AppError, StartError
from webpush_app.factory import create_app
from webpush_app.subscriptions import keyring

_DATABASE_ERRORS = (
    CommandError,
    DatabaseError,
    ArgumentError,
    NoSuchModuleError,
    ModuleNotFoundError,
    AppError,
    RuntimeError,
)
_OPEN_FILES = 8192
# `python -m gunicorn`, but Ctrl-C ends it in silence while it is still being loaded.
_GUNICORN = (
    "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "from gunicorn.app.wsgiapp import run; run(prog='gunicorn')"
)


def main() -> int:  # noqa: RET503 - execv does not return
    try:
        settings = config.load()
        if not _is_given_a_listener():
            _check_port(settings)
        prepare(settings)
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _allow_many_connections()
    os.chdir(ROOT)
    arguments = [sys.executable, "-c", _GUNICORN, "-c", str(ROOT / "gunicorn.conf.py"), "app:create_app()"]
    os.execv(sys.executable, arguments)  # noqa: S606 - our own interpreter; a shell has no part in it


def prepare(settings: Settings) -> Flask:
    """Compile what is stale and bring the database up to date; only one process at a time does it."""
    with _alone(settings):
        try:
            list(translate.compile_stale())
            check(settings.database_url)
            app = create_app(settings)
            with app.app_context(), _connections_end():
                _bring_up_to_date()
                keyring.prepare()
        except OSError as error:
            raise StartError(f"{error.filename}: {error.strerror}. Mend it and start again.") from None
        except _DATABASE_ERRORS as error:
            raise StartError(f"The database cannot be used: {_first_line(error)}") from None
    return app


def _bring_up_to_date() -> None:
    try:
        migrating.upgrade()
    except migrating.NewerSchema as newer:
        if not newer.may_be_used:
            raise
        sys.stderr.write(
            f"The database is of a newer version ({newer.revision}), which this code can use. Update the code soon.\n"
        )


def announce(app: Flask) -> None:
    """Said once the server answers: where it is and, while there is no admin, how to become the first."""
    address = app.config["SETTINGS"].address
    with app.app_context():
        begin_write()
        token = first_admin.new_token()
        db.session.commit()
    lines = [f"Ready: {address}"]
    if token:
        lines.append(f"There is no admin yet. Create the first one here: {address}/first-admin/{token}")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _is_given_a_listener() -> bool:
    """By systemd, which holds the port itself; gunicorn takes it over in the same way."""
    return os.environ.get("LISTEN_PID") == str(os.getpid())


def _check_port(settings: Settings) -> None:
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _name, address = found[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except (socket.gaierror, UnicodeError):
        raise StartError(
            f"HOST is {settings.host!r}, which is no address of this machine. Try HOST=127.0.0.1."
        ) from None
    except OSError as error:
        raise StartError(_why_not_bound(settings, error)) from None


def _why_not_bound(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = settings.port + 1 if settings.port < 65535 else 5000
        return f"Port {settings.port} is taken by another program. Stop it, or choose another: PORT={other} make run"
    if error.errno == errno.EACCES:
        return f"Port {settings.port} needs more rights. Choose one above 1023: PORT=5000 make run"
    return f"HOST={settings.host} PORT={settings.port} cannot be used: {error.strerror}."


def _allow_many_connections() -> None:
    """Each waiting page is an open file; the usual soft limit is 1024, the hard one is far above."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _OPEN_FILES:
        return
    # Some systems call the hard limit infinite, and refuse to have it set.
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def _connections_end() -> Iterator[None]:
    """Whatever comes of it: the server opens its own."""
    try:
        yield
    finally:
        db.session.rollback()
        db.engine.dispose()


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Several processes that start together prepare one after the other."""
    with (settings.instance_path / ".start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _first_line(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"its driver is not installed ({error.name})."
    return str(error).strip().splitlines()[0]
