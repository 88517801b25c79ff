"""Whether a push service takes our key, where too few browsers are sent to for it to be spared because of that."""

from collections.abc import Callable
from datetime import datetime, timedelta

from webpush_app.delivery.changes import Who, in_words
from webpush_app.delivery.complaints import Complaints
from webpush_app.protocol.answers import Outcome, Refused, RefusedFor

# Who refuses it again after so long, and nobody has taken it meanwhile, makes it the operator's affair.
REFUSED_FOR = timedelta(seconds=60)
MOST_REFUSING = 10_000


def refuses_our_key(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and outcome.why is RefusedFor.VAPID


class DoubtedKey:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        # Nobody has said so yet; and an earlier worker may have told the operator otherwise.
        self._is_doubted = True
        self._is_refused_now = False
        self._refusing_since: dict[Who, datetime] = {}
        self._complaints = Complaints(now)

    def refused(self, who: Who, outcome: Outcome, *, is_old_key: bool, accepts_others: bool) -> str | None:
        """What an operator has to know of it. Owners of browsers that never took a push say it once for all, for they
        could be lying."""
        self._is_doubted = True
        self._is_refused_now = self._is_refused_now or not is_old_key
        now = self._now()
        if len(self._refusing_since) < MOST_REFUSING:
            self._refusing_since.setdefault(who, now)
        is_lasting = now - self._refusing_since.get(who, now) >= REFUSED_FOR
        is_told = not accepts_others and is_lasting and self._complaints.is_new(who)
        return in_words(outcome) if is_told else None

    def taken(self, who: Who, *, is_old_key: bool) -> bool:
        """Whether an operator has to know of it. That an older key is taken says something only where nothing but an
        older key was refused."""
        self._complaints.forget(who)
        if is_old_key and (self._is_refused_now or not self._refusing_since):
            return False
        self._refusing_since.clear()
        was_doubted, self._is_doubted, self._is_refused_now = self._is_doubted, False, False
        return was_doubted

    def doubt(self) -> None:
        """Another worker has found out."""
        self._is_doubted = True
