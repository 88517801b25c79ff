"""Trails and dead letters as lines for a terminal of 80 columns. English, as every command is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from textwrap import wrap

from webpush_app.delivery import words
from webpush_app.delivery.dead_letters import Groups, Replayed
from webpush_app.delivery.models import Push, State
from webpush_app.delivery.outcomes import Step
from webpush_app.delivery.overview import Conditions
from webpush_app.delivery.subjects import Subject
from webpush_app.delivery.trail import Line, PersonsTrail, Trail
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.web import user_agent

WIDTH = 80
_MOMENT = "%Y-%m-%d %H:%M:%S"
_MOMENT_WIDTH = 19


def of_trail(trail: Trail) -> Iterator[str]:
    yield from _wrapped(f"{trail.subject.title}, {_at(trail.subject.sent_at)}")
    for note in trail.notes:
        yield from _wrapped(note, "  ")
    if trail.tally:
        yield from _wrapped(_tally(trail.tally), "  ")
    for line in trail.lines:
        yield ""
        yield from _line(line)
    if trail.next_below is not None:
        yield ""
        yield from _wrapped(f"Only the newest {len(trail.lines)} browsers are shown. Of one person: give their name.")


def of_person(found: PersonsTrail) -> Iterator[str]:
    name = found.person.username
    if not found.browsers:
        yield from _wrapped(f"{name} has no browser here: nothing can be pushed until they turn on notifications.")
    else:
        yield f"Browsers of {name}:"
    for browser in found.browsers:
        yield from _wrapped(f"{_name(browser)}: {_standing(browser)}.", "  ", hanging="    ")
    if not found.trails:
        yield f"Nothing was for {name} lately."
    for trail in found.trails:
        yield ""
        yield from of_trail(trail)


def of_conditions(conditions: Conditions) -> Iterator[str]:
    """What holds up everything, if anything does."""
    if conditions.is_contact_missing:
        yield from _wrapped("Nothing can be sent: give a contact address on the page /admin, or as VAPID_CLAIM_EMAIL.")
    if not conditions.is_worker_running:
        seen = conditions.worker_seen_at
        last = f"the last one was seen on {_at(seen)}" if seen else "none has ever been seen"
        yield from _wrapped(f"No worker is running ({last}). `make run` starts one beside the server.")


def of_groups(groups: Groups) -> Iterator[str]:
    if not groups.groups:
        yield "There are no such dead letters."
        return
    yield f"Dead letters: {groups.number}"
    width = max(len("number"), *(len(str(group.number)) for group in groups.groups))
    for group in groups.groups:
        yield f"  {group.number:>{width}}  {group.host}"
        reason = ": ".join(filter(None, (group.reason, words.why(group.reason))))
        yield from _wrapped(reason, " " * (width + 4))


def of_list(pushes: Sequence[Push], named: Mapping[int, Subject]) -> Iterator[str]:
    yield ""
    yield "The newest (`flask push trace push:NUMBER` shows one in full; times are UTC):"
    for push in pushes:
        answer = f"{push.answer_status or ''} {push.said or ''}".strip()
        text = ", ".join(filter(None, (named[push.id].title, push.reason, answer)))
        yield from _beside(f"push:{push.id}", push.answered_at, text)
    yield ""


def of_replayed(done: Replayed, *, is_trial: bool) -> Iterator[str]:
    if is_trial:
        yield f"{_pushes(done.number)} would be sent again. Nothing was changed."
    else:
        yield f"{_pushes(done.number)} will be sent again."
    if done.left:
        yield f"{_pushes(done.left.total())} {'would' if is_trial else 'will'} not, because"
        for reason, number in done.left.most_common():
            yield f"  {number:>6}  {words.of_drop(reason)}"


def _line(line: Line) -> Iterator[str]:
    yield from _wrapped(_name(line.browser) if line.browser else "A browser that has been removed")
    if line.browser:
        yield from _wrapped(f"{_standing(line.browser)}.", "  ")
    if line.push:
        yield f"  push:{line.push.id} through {line.host or 'a push service that is not known any more'}"
        for step in line.steps:
            yield from _step(step)
    yield from _wrapped(line.outcome, "  -> ", hanging="     ")
    if line.push and line.is_dead:
        yield from _wrapped(_again(line.push, line.why_left), "     ")


def _again(push: Push, why_left: str | None) -> str:
    if why_left:
        return f"It cannot be sent again: {words.of_drop(why_left)}."
    return f"Send it again: flask outbox replay {push.id}"


def _step(step: Step) -> Iterator[str]:
    indent = " " * (_MOMENT_WIDTH + 6)
    yield from _wrapped(step.what, f"    {step.at:{_MOMENT}}  ", hanging=indent)
    if step.said:
        yield from _wrapped(f"It said: {step.said}", indent)
    if step.then:
        yield from _wrapped(step.then, indent)


def _name(browser: PushSubscription) -> str:
    whose = browser.user.username if browser.user else "nobody who is signed in"
    return f"{user_agent.in_words(browser.browser)} of {whose} (browser {browser.id})"


def _standing(browser: PushSubscription) -> str:
    if browser.off_at is None:
        return f"notifications are on; subscribed {_at(browser.created_at)}"
    return f"notifications are off since {_at(browser.off_at)}: {words.of_off(browser.off_because)}"


def _tally(tally: Mapping[State, int]) -> str:
    ended = [(words.of_state(state), number) for state, number in tally.items() if state != State.QUEUED and number]
    waiting = tally[State.QUEUED] - sum(number for _state, number in ended)
    parts = [*ended, *([(words.of_state(State.QUEUED), waiting)] if waiting else [])]
    return f"{_pushes(tally[State.QUEUED])}: " + ", ".join(f"{number} {state.lower()}" for state, number in parts)


def _pushes(number: int) -> str:
    return f"{number} push" if number == 1 else f"{number} pushes"


def _at(moment: datetime) -> str:
    return f"{moment:{_MOMENT}} UTC"


def _beside(name: str, at: datetime | None, text: str) -> Iterator[str]:
    moment = f"{at:{_MOMENT}}" if at else ""
    yield from _wrapped(text, f"  {name:<12} {moment:<{_MOMENT_WIDTH}}  ", hanging=" " * 17)


def _wrapped(text: str, first: str = "", hanging: str | None = None) -> Iterable[str]:
    """Never broken inside a word: a host or a name may have to be copied."""
    return wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=first if hanging is None else hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
