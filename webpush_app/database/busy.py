"""What a person is told when the database cannot do it now, whichever database it is."""

from flask_babel import lazy_gettext as _l

from webpush_app.errors import DatabaseBusy

_AGAIN_IN_SECONDS = 2


def nothing_saved() -> DatabaseBusy:
    message = _l("The service is very busy. Nothing was saved; please try again in a moment.")
    return DatabaseBusy(message, retry_after_seconds=_AGAIN_IN_SECONDS)


def perhaps_saved() -> DatabaseBusy:
    """The connection broke while the commit was under way: only a look can tell."""
    message = _l(
        "The connection to the database broke while this was being saved. "
        "Please look whether it was saved before you try again."
    )
    return DatabaseBusy(message, retry_after_seconds=_AGAIN_IN_SECONDS)
