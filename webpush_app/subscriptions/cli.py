"""`flask vapid …`: the key that browsers subscribe with."""

import click
from flask.cli import AppGroup

from webpush_app.accounts.cli import one_line
from webpush_app.subscriptions import keyring

vapid_commands = AppGroup("vapid", help="The key that browsers subscribe with, and the address push services are told.")


@vapid_commands.command("show")
def show() -> None:
    """Show the public key and the contact address. The private key is not shown."""
    with one_line():
        contact, key = keyring.contact(), keyring.current_key()
    click.echo(f"Public key: {key.public}")
    click.echo(f"Contact:    {contact or 'none yet: give it on the page /admin, or as VAPID_CLAIM_EMAIL'}")
