"""What can go wrong that a person can be told. One tree; `web.error_pages` turns it into a page or JSON.

    AppError
    ├── InvalidInput            400  something that was sent cannot be used; may name the field
    ├── NotSignedIn             401
    ├── NotAllowed              403
    ├── NotFound                404
    ├── Conflict                409  it is taken, or has changed meanwhile
    ├── TooManyRequests         429  says when to come back
    └── TemporarilyUnavailable  503  says when to come back
        └── DatabaseBusy
    StartError                  the service cannot start: one line that says how to mend it

Messages may be lazy translations: they become text when they are shown.
"""

from typing import Any

from click import ClickException


class AppError(Exception):
    status = 500
    code = "error"

    def __init__(self, message: Any, *, field: str | None = None, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after_seconds = retry_after_seconds


class InvalidInput(AppError):
    status = 400
    code = "invalid_input"


class NotSignedIn(AppError):
    status = 401
    code = "not_signed_in"


class NotAllowed(AppError):
    status = 403
    code = "not_allowed"


class NotFound(AppError):
    status = 404
    code = "not_found"


class Conflict(AppError):
    status = 409
    code = "conflict"


class TooManyRequests(AppError):
    status = 429
    code = "too_many_requests"


class TemporarilyUnavailable(AppError):
    status = 503
    code = "temporarily_unavailable"


class DatabaseBusy(TemporarilyUnavailable):
    code = "database_busy"


class StartError(ClickException):
    """One line, from the start command and from the `flask` commands, which show click's exceptions in this way."""
