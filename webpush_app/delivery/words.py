"""What became of a push, in a sentence that says what to do where something is to be done."""

from flask_babel import gettext as _

from webpush_app.delivery.composing import NOT_COMPOSED
from webpush_app.delivery.models import Push, State
from webpush_app.subscriptions import keyring


def describe(push: Push) -> str:
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
    if push.answer_status is not None:
        return str(_("The push service answered %(status)s each time, and it was given up.", status=push.answer_status))
    if push.reason == f"given_up_{NOT_COMPOSED}":
        return str(_("Its text could not be made, and it was given up."))
    return str(_("The push service could not be reached, and it was given up."))


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
        "other_key": _("It was not sent: this browser subscribed with another key. Reload the page to mend it."),
        "somebody_elses": _("It was not sent: somebody else is signed in on this browser now."),
    }
    return str(known.get(push.reason or "") or _("It was not sent: there was nothing to send any more."))
