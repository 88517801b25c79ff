"""What became of a push, in a sentence that says what to do where something is to be done; and the words for states and
reasons, wherever they are shown."""

from datetime import datetime

from flask_babel import gettext as _

from webpush_app import clock
from webpush_app.delivery.models import OTHER_KEY, Push, State
from webpush_app.subscriptions import keyring
from webpush_app.subscriptions.models import Off
from webpush_app.subscriptions.push_services import Pause

NOT_COMPOSED = "not_composed"
CRASHED = "crashed_the_worker"
OUR_ENCRYPTION = "our_encryption"
GIVEN_UP = "given_up_"


def moment(at: datetime) -> str:
    """To the second, and in one zone: it is compared with logs. The day is left out where it is today."""
    is_today = at.date() == clock.now().date()
    return f"{at:%H:%M:%S} UTC" if is_today else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def of_state(state: str) -> str:
    known = {
        State.QUEUED: _("Waiting"),
        State.SENDING: _("On its way"),
        State.ACCEPTED: _("Taken"),
        State.FAILED: _("Failed"),
        State.GONE: _("Browser gone"),
        State.EXPIRED: _("Too late"),
        State.DROPPED: _("Not sent"),
    }
    return str(known[State(state)])


def why(reason: str | None) -> str:
    """Why an attempt did not succeed, or why no other one follows."""
    known = {
        "slow_down": _("the push service asked us to slow down"),
        "their_trouble": _("the push service has trouble of its own"),
        "unknown": _("nothing came back in time, so whether it arrived is not known"),
        "on_the_way": _("the push service could not be reached"),
        "redirect": _("the answer led to another address, which is not followed"),
        "not_a_push_service": _("something answered that is no push service"),
        "vapid": _("the push service refused our signature"),
        "refused_vapid": _("the push service refused our signature"),
        "too_large": _("it was too large"),
        "refused_too_large": _("it was too large, also without its text"),
        "refused_request": _("the push service refused it"),
        "refused_keys": _("nothing can be encrypted to this browser's keys"),
        CRASHED: _("a worker died of it three times"),
        NOT_COMPOSED: _("its text could not be made"),
        OTHER_KEY: _("this site does not have the key that its browser subscribed with"),
        OUR_ENCRYPTION: _("this site could not encrypt it, for whichever browser"),
        "expired": _("its time was over before it could be sent"),
    }
    reason = (reason or "").removeprefix(GIVEN_UP)
    return str(known.get(reason) or reason or _("no reason was noted"))


def of_drop(reason: str | None) -> str:
    known = {
        "browser_removed": _("this browser was removed meanwhile"),
        "somebody_elses": _("somebody else is signed in on this browser"),
        "read_already": _("it had been read already"),
        "withdrawn": _("what it was about is not there any more"),
    }
    off = (reason or "").removeprefix("browser_")
    if off in frozenset(Off):
        return of_off(off)
    return str(known.get(reason or "") or reason or _("no reason was noted"))


def of_off(because: str | None) -> str:
    """Why a browser gets nothing for now."""
    known: dict[str, str] = {
        Off.SIGNED_OUT: _("it was signed out"),
        Off.GONE: _("its push service does not know it any more"),
        Off.UNUSABLE: _("nothing can be encrypted to its keys"),
        Off.REFUSED: _("its push service refused it again and again"),
        Off.OLD_KEY: _("it subscribed with an old key of this site"),
    }
    return str(known.get(because or "") or because or _("no reason was noted"))


def of_pause(because: str | None) -> str:
    known: dict[str, str] = {
        Pause.BROKEN: _("it fails or cannot be reached"),
        Pause.OUR_KEY: _("it refuses our signature"),
        Pause.SLOW_DOWN: _("it asked for it"),
    }
    return str(known.get(because or "") or because or _("no reason was noted"))


def describe(push: Push) -> str:
    """For whoever sits at that browser."""
    if push.state == State.QUEUED:
        return _waiting(push)
    if push.state == State.FAILED:
        return _failed(push)
    if push.state == State.DROPPED:
        return _dropped(push)
    known = {
        State.SENDING: _("It is on its way to the push service."),
        State.ACCEPTED: _(
            "The push service took it (answer %(status)s). It appears in a moment.", status=_status(push)
        ),
        State.GONE: _(
            "The push service does not know this browser any more (answer %(status)s). Turn notifications off and on "
            "again.",
            status=_status(push),
        ),
        State.EXPIRED: _("It could not be handed over in time and was given up."),
    }
    return str(known[State(push.state)])


def _waiting(push: Push) -> str:
    if push.reason == OTHER_KEY:
        return str(
            _(
                "It waits: this site does not have the key that this browser subscribed with. Reload the page to mend "
                "it, or wait until the admin of this site has put the key back."
            )
        )
    if push.attempts or push.answered_at:
        return _later(push)
    if keyring.contact() is None:
        return str(_("It waits: the admin of this site has to give a contact address first."))
    return str(_("It waits for its turn."))


def _status(push: Push) -> str:
    return "–" if push.answer_status is None else str(push.answer_status)


def _later(push: Push) -> str:
    if push.answer_status is not None:
        return str(_("The push service answered %(status)s. It is tried again by itself.", status=push.answer_status))
    if push.reason == NOT_COMPOSED:
        return str(_("Its text could not be made. It is tried again by itself."))
    if push.reason == OUR_ENCRYPTION:
        return str(_("This site could not encrypt it. It is tried again by itself."))
    return str(_("The push service could not be reached. It is tried again by itself."))


def _failed(push: Push) -> str:
    was_refused = (push.reason or "").startswith("refused_")
    if was_refused and push.answer_status is None:
        return str(_("It could not be sent to this browser (%(said)s).", said=push.said or "–"))
    if was_refused:
        return str(
            _(
                "The push service refused it (answer %(status)s: %(said)s). The admin of this site can find out why.",
                status=push.answer_status,
                said=push.said or "–",
            )
        )
    if push.reason == CRASHED:
        return str(_("It was set aside: the worker died of it. The admin of this site can find out why."))
    if push.answer_status is not None:
        return str(_("The push service answered %(status)s each time, and it was given up.", status=push.answer_status))
    known = {
        f"{GIVEN_UP}{NOT_COMPOSED}": _("Its text could not be made, and it was given up."),
        f"{GIVEN_UP}{OUR_ENCRYPTION}": _("This site could not encrypt it, and it was given up."),
    }
    return str(known.get(push.reason or "") or _("The push service could not be reached, and it was given up."))


def _dropped(push: Push) -> str:
    known = {
        "browser_removed": _("It was not sent: this browser was removed meanwhile."),
        "browser_signed_out": _("It was not sent: this browser was signed out meanwhile."),
        "browser_unusable": _("It was not sent: nothing can be encrypted to this browser's keys."),
        "browser_gone": _("It was not sent: the push service does not know this browser any more."),
        "browser_refused": _(
            "It was not sent: the push service refused this browser again and again. Reload the page there."
        ),
        "browser_old_key": _(
            "It was not sent: this browser subscribed with an old key. Reload the page there to mend it."
        ),
        "somebody_elses": _("It was not sent: somebody else is signed in on this browser now."),
    }
    return str(known.get(push.reason or "") or _("It was not sent: there was nothing to send any more."))
