"""`flask push trace …` and `flask outbox …`: what became of pushes, and sending again those that were given up."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from flask.cli import AppGroup

from webpush_app import clock
from webpush_app.accounts.cli import one_line
from webpush_app.delivery import dead_letters, listing, overview, printing, searching, subjects
from webpush_app.delivery.dead_letters import DEAD
from webpush_app.delivery.trail import PersonsTrail
from webpush_app.delivery.walking import Wanted

push_commands = AppGroup("push", help="What became of a push.")
outbox_commands = AppGroup("outbox", help="Pushes that were given up: list them, send them again.")


_AGO = re.compile(r"([0-9]{1,6})(m|h|d)", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class Moment(click.ParamType[datetime]):
    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        ago = _AGO.fullmatch(value)
        try:
            if ago:
                return clock.now() - int(ago[1]) * _UNITS[ago[2]]
            moment = datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no moment. Give one such as 2h, 3d, 2026-05-01 or 2026-05-01T12:30 (UTC).", param, ctx
            )
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_host = click.option("--host", help="Only those of this push service.")
_reason = click.option(
    "--reason", help="Only those that were given up for this reason, as `flask outbox dead` names it."
)
_kind = click.option("--kind", help="Only those of this kind: message, broadcast or test.")


@push_commands.command("trace")
@click.argument("about", nargs=-1, required=True, metavar="MESSAGE_OR_PERSON")
@click.option("--most", default=searching.RECENT, type=click.IntRange(1, 1000), help="How many things of a person's.")
def trace(about: tuple[str, ...], most: int) -> None:
    """Show what became of the pushes about a message (12), a broadcast (broadcast:3) or a single push (push:41), or of
    the latest ones for a person (their name)."""
    with one_line():
        found = searching.search(" ".join(about), most)
        conditions = overview.read_conditions()
    _print(printing.of_person(found) if isinstance(found, PersonsTrail) else printing.of_trail(found))
    trails = found.trails if isinstance(found, PersonsTrail) else [found]
    if any(one.is_waiting for one in trails):
        _print(printing.of_conditions(conditions))


@outbox_commands.command("dead")
@_host
@_reason
@_kind
@click.option("--most", default=10, type=click.IntRange(0, 1000), help="How many of the newest are listed.")
def dead(host: str | None, reason: str | None, kind: str | None, most: int) -> None:
    """List the pushes that were given up: how many, why, and the newest of them."""
    with one_line():
        _check(host, kind)
        wanted = Wanted(DEAD, kind, host, reason)
        groups = dead_letters.count(wanted)
        page = listing.newest(wanted, most) if most else None
        _print(printing.of_groups(groups))
        if page and page.pushes:
            _print(printing.of_list(page.pushes, listing.subjects_of(page.pushes)))
    if groups.groups:
        click.echo("Send them again: flask outbox replay --host HOST --reason REASON, or --all")


@outbox_commands.command("replay")
@click.argument("numbers", nargs=-1, type=click.IntRange(1, 2**63 - 1))
@_host
@_reason
@_kind
@click.option("--since", type=Moment(), help="Only those given up since then: 2h, 3d, or 2026-05-01T12:30 (UTC).")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent again, and do nothing.")
def replay(
    numbers: tuple[int, ...],
    *,
    host: str | None,
    reason: str | None,
    kind: str | None,
    since: datetime | None,
    everything: bool,
    dry_run: bool,
) -> None:
    """Send pushes again that were given up: those with the given NUMBERS, those that the options choose, or all."""
    wanted = Wanted(DEAD, kind, host, reason, since)
    ways = [bool(numbers), wanted != Wanted(DEAD), everything]
    if sum(ways) != 1:
        raise click.UsageError("Say which: numbers of pushes, or --host, --reason, --kind and --since, or --all.")
    with one_line():
        _check(host, kind)
        done = (
            dead_letters.replay_numbers(numbers, is_trial=dry_run)
            if numbers
            else dead_letters.replay(wanted, is_trial=dry_run)
        )
    _print(printing.of_replayed(done, is_trial=dry_run))
    unknown = len(set(numbers)) - done.number - done.left.total()
    if numbers and unknown:
        none = "is no dead letter" if unknown == 1 else "are no dead letters"
        raise click.ClickException(f"{unknown} of the given numbers {none}. `flask outbox dead` lists them.")


def _check(host: str | None, kind: str | None) -> None:
    """A typing mistake is not a list that is empty."""
    for option, given, known in (("host", host, overview.list_hosts()), ("kind", kind, subjects.kinds())):
        if given is not None and given not in known:
            there_are = f"Known are: {', '.join(known)}." if known else "None is known yet."
            raise click.ClickException(f"--{option} {given} is not known here. {there_are}")


def _print(lines: Iterable[str]) -> None:
    click.echo("\n".join(lines))
