"""`flask user …`: people from the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import AppGroup
from sqlalchemy.exc import DatabaseError

from webpush_app.accounts import passwords, service
from webpush_app.accounts.forms import normal_email
from webpush_app.database import begin_write, db
from webpush_app.errors import AppError

user_commands = AppGroup("user", help="People: create them, make them admins.")


@user_commands.command("create")
@click.argument("username")
@click.option("--admin", is_flag=True, help="Make this person an admin.")
@click.option("--contact-email", help="The address that push services are told (with --admin).")
@click.password_option(help="Asked for when not given, and then not shown.")
def create(username: str, admin: bool, contact_email: str | None, password: str) -> None:
    """Create a person."""
    if not passwords.SHORTEST <= len(password) <= passwords.LONGEST:
        raise click.ClickException(f"A password has {passwords.SHORTEST} to {passwords.LONGEST} characters.")
    password_hash = passwords.hash_password(password)
    with one_line():
        begin_write()
        service.create_user(username, password_hash, is_admin=admin, may_be_reserved=True)
        _remember_contact(contact_email)
        db.session.commit()
    click.echo(f"Created {'admin ' if admin else ''}{username}.")


@user_commands.command("make-admin")
@click.argument("username")
@click.option("--contact-email", help="The address that push services are told.")
def make_admin(username: str, contact_email: str | None) -> None:
    """Make somebody an admin."""
    with one_line():
        begin_write()
        user = service.get_user(username)
        user.is_admin = True
        _remember_contact(contact_email)
        db.session.commit()
    click.echo(f"{user.username} is an admin now.")


@contextmanager
def one_line() -> Iterator[None]:
    """What goes wrong is said in one line."""
    try:
        yield
    except AppError as error:
        raise click.ClickException(str(error.message)) from None
    except DatabaseError as error:
        why = str(error.orig).splitlines()[0]
        raise click.ClickException(f"The database cannot be used: {why}. Is it there? Run: flask db upgrade") from None


def _remember_contact(contact_email: str | None) -> None:
    if contact_email:
        service.remember_fact(service.CONTACT_EMAIL, normal_email(contact_email))
