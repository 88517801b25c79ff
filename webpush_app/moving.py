"""`flask data …`: a small installation moves to another database, with everything that is in it."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from alembic.util.exc import CommandError
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError

from webpush_app import clock, setting_values
from webpush_app.config import CONFIGURATION_FILE, Settings
from webpush_app.database import check, copying, db, migrating, open_another
from webpush_app.delivery import beats
from webpush_app.errors import DatabaseBusy, StartError
from webpush_app.notifications import waking

data_commands = AppGroup("data", help="Everything in the database: move to another one.")

_LINE = "{:<20}{:>10}"
_GIVEN_AS = "--to"
_STOP = "Stop the server first: what is written during the copy would be left behind."
_ALL_THE_SAME = "To copy all the same: --while-running"


def _address(_context: object, _parameter: object, value: str) -> str:
    """Checked as DATABASE_URL is, and like there never repeated: it may hold a password."""
    try:
        return setting_values.database_url(value.strip())
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@data_commands.command("copy")
@click.option(
    _GIVEN_AS,
    "address",
    required=True,
    callback=_address,
    help="An empty database: postgresql://user:password@host/name. The password may also stand in ~/.pgpass.",
)
@click.option(
    "--while-running", is_flag=True, help="Although the server runs: what is written meanwhile is left behind."
)
def copy(address: str, while_running: bool) -> None:
    """Copy everything to another database, and compare it. Stop the server before; the old database stays as it is."""
    settings: Settings = current_app.config["SETTINGS"]
    check(address, _GIVEN_AS)
    _refuse_the_same(settings.database_url, address)
    with _in_one_line(), copying.one_moment(db.engine) as source:
        _refuse_another_version(source)
        if not while_running:
            _refuse_while_running(settings)
        with _opened(address) as target:
            _refuse_what_is_not_empty(target)
            migrating.upgrade(target)
            _fill(source, target)
    _say_what_is_next(settings, while_running)


def _fill(source: Connection, target: Engine) -> None:
    tables = rows = 0
    with copying.all_or_nothing(target) as connection:
        _refuse_rows(connection)  # nobody else writes there from here on
        click.echo(_LINE.format("TABLE", "ROWS"))
        for table, number in copying.copy(source, connection):
            click.echo(_LINE.format(table, f"{number:,}"))
            tables, rows = tables + 1, rows + number
    click.echo(f"Copied: {_rows(rows)} in {tables} tables. All of them were read again there, and are the same.")


def _refuse_the_same(source: str, target: str) -> None:
    one, other = make_url(source), make_url(target)
    if (one.host, one.port, one.database, one.query.get("host")) == (
        *(other.host, other.port, other.database, other.query.get("host")),
    ):
        raise StartError("This is the database that is in use already. Give --to the address of another one.")


def _refuse_another_version(source: Connection) -> None:
    migrating.refuse_what_is_newer(source)
    if not migrating.is_up_to_date(source):
        raise StartError("The database that is copied is not that of this version. Run: flask db upgrade")


def _refuse_while_running(settings: Settings) -> None:
    beaten = [worker.seen_at for worker in beats.list_workers() if worker.is_alive]
    db.session.rollback()
    if beaten:
        seconds = round((clock.now() - max(beaten)).total_seconds())
        raise StartError(f"A worker was at work {seconds} s ago. {_STOP} If it was killed, wait 15 s. {_ALL_THE_SAME}")
    if waking.is_anybody_listening(settings.instance_path):
        raise StartError(f"The server is running. {_STOP} {_ALL_THE_SAME}")


def _refuse_what_is_not_empty(target: Engine) -> None:
    with copying.one_moment(target) as connection:
        _refuse_rows(connection)


def _refuse_rows(target: Connection) -> None:
    found = copying.first_with_rows(target)
    if found:
        name, number = found
        raise StartError(
            f"The database that is copied to is not empty: its table {name} has {_rows(number)}. Nothing was changed "
            "there. Make a new one: createdb --template=template0 --encoding=UTF8 NAME"
        )


@contextmanager
def _opened(address: str) -> Iterator[Engine]:
    engine = open_another(address)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _in_one_line() -> Iterator[None]:
    """What goes wrong is said in one line."""
    try:
        yield
    except DatabaseBusy:
        raise StartError(
            "A database did not answer, or another program held it for too long. Start this again; if the one that is "
            "copied to is not empty then, the copy had come to its end."
        ) from None
    except (DBAPIError, CommandError) as error:
        why = str(getattr(error, "orig", error)).strip().splitlines()[0].removesuffix(".")
        raise StartError(f"A database cannot be used: {why}. Nothing was copied.") from None


def _say_what_is_next(settings: Settings, while_running: bool) -> None:
    stop = "Stop the server that runs" if while_running else "Leave the server stopped"
    click.echo(f"1. {stop}: what is written to the old database from now on is not in the copy.")
    if while_running:
        click.echo("   Nor is what was written since the copy began.")
    where = settings.instance_path / CONFIGURATION_FILE
    click.echo(f"2. Set DATABASE_URL to the new address, in the environment or in {where}.")
    click.echo(f"3. Keep the folder {settings.instance_path}: the keys are there, and not in the database.")
    click.echo("4. Start it again: make run. The old database is as it was; remove it when all is well.")


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"
