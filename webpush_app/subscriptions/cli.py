"""`flask vapid …`: the keys that browsers subscribe with."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from webpush_app.accounts.cli import one_line
from webpush_app.errors import StartError
from webpush_app.protocol.vapid_keys import VapidKey
from webpush_app.subscriptions import keyring, rotation
from webpush_app.subscriptions.keyring import BEGINNING
from webpush_app.subscriptions.rotation import Use

vapid_commands = AppGroup(
    "vapid", help="The keys that browsers subscribe with, and the address push services are told."
)

_LINE = "{:<14}{:<10}{:<18}{:>8}{:>8}  {}"


@vapid_commands.command("show")
def show() -> None:
    """Show the public key and the contact address. The private key is not shown."""
    with one_line():
        contact, key = keyring.contact(), keyring.current_key()
    click.echo(f"Public key: {key.public}")
    click.echo(f"Contact:    {contact or 'none yet: give it on the page /admin, or as VAPID_CLAIM_EMAIL'}")


@vapid_commands.command("list")
def list_keys() -> None:
    """List the keys, newest first, and how many browsers are subscribed with each."""
    with one_line():
        keys, uses = keyring.keys(), dict(rotation.uses())
    click.echo(_LINE.format("KEY", "", "MADE", "ON", "OFF", "LAST SEEN (UTC)"))
    for key in keys:
        kind = "current" if key is keys[0] else "older"
        click.echo(_line(key.public, kind, uses.pop(key.public, Use()), key.made_at))
    for public, use in uses.items():
        click.echo(_line(public, "not here", use))
    _say_what_is_not_here(uses)


@vapid_commands.command("rotate")
@click.option(
    "--print-key", is_flag=True, help="Where the keys are given as VAPID_PRIVATE_KEY: print a new one. A secret!"
)
def rotate(print_key: bool) -> None:
    """Make a new key for browsers to subscribe with. Those before it go on being served."""
    if keyring.is_given():
        _rotate_by_hand(print_key)
        return
    if print_key:
        raise click.UsageError(f"The keys are kept in {keyring.place()}, and so is the new one: leave --print-key out.")
    with one_line():
        older, uses = keyring.keys(), rotation.uses()  # first: what fails here has changed nothing
        new = rotation.rotate()
    click.echo(f"The new key {_short(new)} is in use from now on. Nothing has to be restarted.")
    _say_what_happens(older, sum(uses.get(key.public, Use()).on for key in older))
    _say_what_is_not_here({public: use for public, use in uses.items() if public not in {key.public for key in older}})
    click.echo(f"Back up {keyring.place()} now: older backups do not have the new key.")


@vapid_commands.command("retire")
@click.argument("beginning")
@click.option("--yes", is_flag=True, help="Do not ask.")
def retire(beginning: str, yes: bool) -> None:
    """Remove an older key, named by its beginning, and turn off the browsers that are still subscribed with it."""
    with one_line():
        keys = keyring.keys()
        key = rotation.find_older(beginning, keys)
        use = rotation.uses().get(key.public, Use())
    seen = f" The last of them was seen on {_when(use.last_seen_at)} (UTC)." if use.last_seen_at else ""
    click.echo(f"The key {_short(key)} is used by {_browsers(use.on)}.{seen}")
    if not yes:
        also = "" if keyring.is_given() else ", and remove the key for good"
        click.confirm(f"Turn them off until their next visit{also}?", abort=True)
    with one_line():
        count = rotation.turn_off(key.public) if keyring.is_given() else rotation.retire(key.public)
    click.echo(f"Turned off: {_browsers(count)}. They come back by themselves when they visit the site.")
    if keyring.is_given():
        click.echo(f"Now take the key out of VAPID_PRIVATE_KEY in {_where()}, and restart:")
        click.echo(f"it is number {keys.index(key) + 1} of the {len(keys)} there.")
    else:
        click.echo(f"The key is removed from {keyring.place()}.")


def _rotate_by_hand(is_wanted: bool) -> None:
    """The key alone goes to the standard output: it can be handed on to where secrets are kept."""
    if not is_wanted:
        raise StartError(
            f"Nothing was changed: the keys are given as VAPID_PRIVATE_KEY in {_where()}, and are yours to change. To "
            "have a new one printed, with what to do with it: flask vapid rotate --print-key"
        )
    new = keyring.new_key()
    click.echo(
        f"Put this secret, with its comma, before what VAPID_PRIVATE_KEY is in {_where()}, and restart:", err=True
    )
    click.echo(f"{new.private_text},")
    click.echo(f"Its public key begins with {_short(new)}. Where VAPID_PUBLIC_KEY is set, take that out.", err=True)
    click.echo(
        "Servers that do not restart together: put it behind the others on all of them first, and restart them; then "
        "put it before the others.",
        err=True,
    )


def _say_what_happens(older: Sequence[VapidKey], count: int) -> None:
    oldest = f"flask vapid retire {_short(older[-1])}"
    if not count:
        click.echo(f"No browser is subscribed with an older key. To remove what is not needed any more: {oldest}")
        return
    click.echo(
        f"Subscribed with older keys: {_browsers(count)}. They are served with theirs, and move over at their next"
    )
    click.echo(f"visit. When `flask vapid list` shows few that are left: {oldest}")


def _say_what_is_not_here(uses: Mapping[str, Use]) -> None:
    """A person's shell does not know what the server was given in its environment."""
    count = sum(use.on for use in uses.values())
    if count:
        click.echo(
            f"Subscribed with keys that are not here: {_browsers(count)}. If the server is given VAPID_PRIVATE_KEY in"
        )
        click.echo(
            "its environment, run this with the same one. Else what is for them waits until they visit the site."
        )


def _line(public: str, kind: str, use: Use, made_at: datetime | None = None) -> str:
    made = _when(made_at) if made_at else "not known"
    seen = _when(use.last_seen_at) if use.last_seen_at else "–"
    return _LINE.format(public[:BEGINNING], kind, made, use.on, use.off, seen)


def _short(key: VapidKey) -> str:
    return key.public[:BEGINNING]


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def _browsers(count: int) -> str:
    return "1 browser" if count == 1 else f"{count} browsers"


def _where() -> str:
    return "the environment" if os.environ.get("VAPID_PRIVATE_KEY") else str(keyring.place())
