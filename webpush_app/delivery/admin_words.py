"""What the admin's pages say about pushes: moments, states, alerts, and what was sent again."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from markupsafe import Markup

from webpush_app.delivery import words
from webpush_app.delivery.dead_letters import Replayed
from webpush_app.delivery.models import Push, State
from webpush_app.delivery.overview import COUNTED, Standing

_LOOKS = {
    State.QUEUED: "waiting",
    State.SENDING: "waiting",
    State.ACCEPTED: "good",
    State.FAILED: "bad",
    State.EXPIRED: "bad",
}


def of_replayed(done: Replayed) -> tuple[str, str]:
    """What is said once, and how it looks."""
    sentences = []
    if done.number:
        sentences.append(ngettext("%(num)d push is sent again.", "%(num)d pushes are sent again.", done.number))
    for reason, number in done.left.most_common():
        why = words.of_drop(reason)
        sentences.append(ngettext("%(num)d is not: %(why)s.", "%(num)d are not: %(why)s.", number, why=why))
    if done.was_cut_short:
        sentences.append(_("There are more of them: send again once more."))
    if not sentences:
        sentences.append(_("There was nothing to send again: it has been done already, or was not given up."))
    return " ".join(sentences), "success" if done.number else "info"


def of_waiting(standing: Standing) -> str:
    if not standing.waiting and not standing.sending:
        return str(_("Nothing waits."))
    number = format_decimal(min(standing.waiting, COUNTED))
    if standing.is_counted_out:
        number = str(_("more than %(number)s", number=number))
    return str(_("Waiting: %(number)s. On their way: %(sending)d.", number=number, sending=standing.sending))


def of_kind(kind: str) -> str:
    known = {"message": _("Private messages"), "broadcast": _("Broadcasts"), "test": _("Tests")}
    return str(known.get(kind, kind))


def exact(at: datetime) -> Markup:
    """To the second: it is compared with logs, and with other steps."""
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="seconds"), words.moment(at))


def look(state: str) -> str:
    return _LOOKS.get(State(state), "quiet")


def moment_of(push: Push) -> datetime:
    """When something happened to it last."""
    return push.answered_at or push.created_at


FILTERS: Mapping[str, Callable[..., Any]] = {
    "exact": exact,
    "state_in_words": words.of_state,
    "state_look": look,
    "reason_in_words": words.why,
    "drop_in_words": words.of_drop,
    "off_in_words": words.of_off,
    "pause_in_words": words.of_pause,
    "waiting_in_words": of_waiting,
    "kind_in_words": of_kind,
    "moment_of_push": moment_of,
}
