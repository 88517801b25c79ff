"""Alerts in words, for the admins of the site: what happened, what it means for pushes, and what to do next."""

from dataclasses import dataclass

from flask_babel import gettext as _

from webpush_app.delivery.alerts import AlertKind, OpenAlert


@dataclass(frozen=True)
class AlertWords:
    happened: str
    means: str
    next_step: str


def alerts_in_words(alert: OpenAlert) -> AlertWords:
    known = {
        AlertKind.OUR_KEY: _our_key,
        AlertKind.HOST_DOWN: _host_down,
        AlertKind.GONE_WAVE: _gone_wave,
        AlertKind.CRASHES: _crashes,
        AlertKind.TOO_LARGE: _too_large,
        AlertKind.MISSING_KEY: _missing_key,
        AlertKind.ENCRYPTION: _encryption,
    }
    return {str(kind): words for kind, words in known.items()}.get(alert.kind, _unknown)(alert.about)


def _our_key(about: str) -> AlertWords:
    return AlertWords(
        _("%(host)s refuses the signature of this site.", host=about),
        _(
            "Its browsers get nothing for now. No subscription is lost: their pushes wait, and one of them is tried "
            "now and then. Those that are given up, after four hours at the earliest, can be sent again by hand."
        ),
        _(
            "See that the clock of this machine is right, that VAPID_PRIVATE_KEY is the key that browsers subscribed "
            "with (“flask vapid show” names it), and that the contact address is a real one. The alert ends by itself "
            "as soon as a push is taken."
        ),
    )


def _host_down(about: str) -> AlertWords:
    return AlertWords(
        _("%(host)s cannot be reached, or answers with errors.", host=about),
        _(
            "Pushes to its browsers wait; those to other push services go on. It is tried again by itself, at first "
            "within half a minute, later every few minutes. Those that are given up can be sent again by hand."
        ),
        _(
            "Usually there is nothing to do: the alert ends by itself. If it lasts longer than an hour, see whether "
            "this machine reaches the internet (DNS, firewall), and whether the push service reports an outage."
        ),
    )


def _gone_wave(about: str) -> AlertWords:
    return AlertWords(
        _("More than a fifth of the latest pushes to %(host)s found that the subscription has ended.", host=about),
        _(
            "These browsers get nothing more until they open a page of this site again, which renews the subscription. "
            "Some always go; so many at once have a common cause."
        ),
        _(
            "Think of what changed: an old backup of the database that was put back, or an import of subscriptions. If "
            "nothing did, wait: the alert ends a day after the last time this was seen."
        ),
    )


def _crashes(_about: str) -> AlertWords:
    return AlertWords(
        _("A push was set aside, because the worker ended unexpectedly three times while it had it."),
        _("All others go on. This one is among the pushes that were given up, and can be sent again."),
        _(
            "Read the log of the worker around this time. When the cause is mended, send the push again with “flask "
            "outbox replay”. The alert ends a week after the last one was set aside."
        ),
    )


def _too_large(about: str) -> AlertWords:
    return AlertWords(
        _("%(host)s found a push too large, although this site keeps them below every limit.", host=about),
        _("It was sent once more without its text, so that its reader sees that there is something new."),
        _(
            "This is a mistake of the program. Please report it to those who make it. The alert ends a week after the "
            "last time this was seen."
        ),
    )


def _missing_key(about: str) -> AlertWords:
    return AlertWords(
        _("Browsers subscribed with the key %(key)s…, which the worker does not have.", key=about),
        _(
            "Their pushes wait, and no subscription is lost. Those whose time is over before the key is back are given "
            "up, and can be sent again by hand."
        ),
        _(
            "Put the key back, into VAPID_PRIVATE_KEY or the file of the keys: “flask vapid list” says which are here, "
            "and how many browsers are subscribed with each. If it is lost for good, these browsers take the new one "
            "when they visit the site. The alert ends an hour or two after the last time this was seen."
        ),
    )


def _encryption(_about: str) -> AlertWords:
    return AlertWords(
        _("Pushes cannot be encrypted, for whichever browser they are."),
        _(
            "No browser is turned off, and nothing is sent. Pushes wait and are tried again, at the latest after 15 "
            "minutes; those that are given up can be sent again by hand."
        ),
        _(
            "Usually a library that was updated is the cause: http_ece, pywebpush, cryptography or OpenSSL. Install "
            "the versions of requirements.txt again, and start the worker anew. The alert ends an hour or two after "
            "the last time this was seen."
        ),
    )


def _unknown(about: str) -> AlertWords:
    return AlertWords(
        _("Something needs your attention: %(about)s", about=about or "–"),
        _("This version of the program does not know this kind of alert."),
        _("Read the log of the worker."),
    )
