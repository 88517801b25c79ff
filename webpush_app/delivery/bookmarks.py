"""How far one worker has read the outbox, so that its next look begins there.

Until it vacuums, PostgreSQL keeps an entry of the index for each row that was taken, and whoever begins with the oldest
walks over all of them. So where a claim got as many as it asked for the next one begins where it ended, and whether
there is more is not looked for first. In the same way nobody looks for what lost workers left where there was nothing.

Neither is trusted for more than a second, and before it is said that nothing is due everything is looked at. For there
may be something before a bookmark: what another worker handed back, what a machine wrote whose clock is behind, or what
was committed late.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from webpush_app import clock
from webpush_app.delivery import pauses
from webpush_app.delivery.claims import BEGINNING, Bookmark, Claim, Share
from webpush_app.delivery.models import Lane
from webpush_app.delivery.pauses import KNOWS_NOTHING, Known, Standing

TRUSTED_FOR = timedelta(seconds=1)


class _Place(NamedTuple):
    bookmark: Bookmark
    seen_all_at: datetime


class Bookmarks:
    def __init__(self) -> None:
        self._places: dict[tuple[int, Lane], _Place] = {}
        self._no_suspects_at: datetime | None = None
        self._relied_on = KNOWS_NOTHING
        self.came_up_short = False

    def read_standings(self) -> list[Standing]:
        now = clock.now()
        self._places = {which: one for which, one in self._places.items() if _is_trusted(one.seen_all_at, now)}
        has_no_suspects = self._no_suspects_at is not None and _is_trusted(self._no_suspects_at, now)
        self._relied_on = Known(self._ids(Lane.PERSONAL), self._ids(Lane.BROADCAST), has_no_suspects)
        self.came_up_short = False
        standings = pauses.read_standings(self._relied_on)
        if not has_no_suspects:
            is_any_suspect = any(one.has_suspect_personal or one.has_suspect_broadcast for one in standings)
            self._no_suspects_at = None if is_any_suspect else now
        return standings

    def share(self, service_id: int, lane: Lane, most: int) -> Share:
        place = self._places.get((service_id, lane))
        return Share(service_id, lane, most, after=place.bookmark if place else BEGINNING)

    def note(self, shares: Sequence[Share], claim: Claim) -> None:
        """What the claim of these shares led to. It came up short where a bookmark led to less than was asked for: what
        is left, if anything, is before it."""
        for share in shares:
            which = (share.service_id, share.lane)
            place = self._places.pop(which, None)
            taken = [Bookmark(row.was_due_at, row.id) for row in claim.rows if (row.service_id, row.lane) == which]
            is_usual = not (share.is_probe or share.is_suspect)
            if is_usual and len(taken) >= share.most:
                self._places[which] = _Place(max(taken), place.seen_all_at if place else claim.claimed_at)
            elif is_usual and place:
                self.came_up_short = True

    def look_at_everything(self) -> bool:
        """Next time; false where the last look was at everything."""
        relied_on, self._relied_on = self._relied_on, KNOWS_NOTHING
        self._places.clear()
        self._no_suspects_at = None
        return relied_on != KNOWS_NOTHING

    def _ids(self, lane: Lane) -> Sequence[int]:
        return tuple(service_id for service_id, of_lane in self._places if of_lane is lane)


def _is_trusted(since: datetime, now: datetime) -> bool:
    return since <= now < since + TRUSTED_FOR  # the clock may have been set back
