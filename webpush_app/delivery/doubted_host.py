"""Whether a push service works, where too few browsers are sent to for it to be spared because it does not."""

from collections.abc import Callable
from datetime import datetime, timedelta

from webpush_app.delivery.changes import Who, in_words
from webpush_app.delivery.complaints import Complaints
from webpush_app.protocol.answers import Outcome

# Nobody was answered well for so long: that is the operator's affair.
FAILING_FOR = timedelta(minutes=5)
# However many always fail, at a service that answers others well from time to time.
AGAIN_AFTER = timedelta(hours=1)


class DoubtedHost:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        # Nobody has said so yet; and an earlier worker may have told the operator otherwise.
        self._is_doubted = True
        self._failing_since: datetime | None = None
        self._said_at: datetime | None = None
        self._complaints = Complaints(now)

    def failed(self, who: Who, outcome: Outcome) -> str | None:
        """What an operator has to know of it."""
        self._is_doubted = True
        now = self._now()
        self._failing_since = self._failing_since or now
        is_lasting = now - self._failing_since >= FAILING_FOR
        was_said = self._said_at is not None and now < self._said_at + AGAIN_AFTER
        if not is_lasting or was_said or not self._complaints.is_new(who):
            return None
        self._said_at = now
        return in_words(outcome)

    def well(self, who: Who) -> bool:
        """Whether an operator has to know of it."""
        self._failing_since = None
        self._complaints.forget(who)
        was_doubted, self._is_doubted = self._is_doubted, False
        return was_doubted

    def begin_anew(self) -> None:
        """Somebody, here or at another worker, was answered well."""
        self._failing_since = None
