"""Take what is due: of each push service what there is room for, what is personal first, and one where it is tried."""

import random
from collections.abc import Callable, Collection, Sequence

from webpush_app import clock
from webpush_app.database import begin_write, db
from webpush_app.delivery import claims, pauses
from webpush_app.delivery.bookmarks import Bookmarks
from webpush_app.delivery.claims import Claim, Returned, Share
from webpush_app.delivery.counters import Counters
from webpush_app.delivery.flow import Flow
from webpush_app.delivery.models import Lane
from webpush_app.delivery.pauses import Standing
from webpush_app.delivery.preparing import Prepared, Ready, prepare
from webpush_app.delivery.settling import write_down
from webpush_app.delivery.signers import Signers
from webpush_app.subscriptions import keyring
from webpush_app.subscriptions.push_services import Pause

BOTH = (Lane.PERSONAL, Lane.BROADCAST)
LOOKED_THROUGH = 200
# What one lost worker held is a few hundred rows: one at a time they would take so many answers' times.
SUSPECTS_TOGETHER = 16


class Taker:
    def __init__(self, flow: Flow, counters: Counters, tell_sender: Callable[[], None]) -> None:
        self._flow = flow
        self._counters = counters
        self._tell_sender = tell_sender
        self._signers: Signers | None = None
        self._tried_in_vain: set[int] = set()
        self._had_its_turn = 0
        self._bookmarks = Bookmarks()
        self.has_taken_all = False  # what is due and has room
        self.has_no_room = False  # for something that is due

    def take(self, lanes: Collection[Lane] = BOTH) -> int:
        """How many rows were taken; 0 when nothing is due or there is no room, or nothing can be signed yet."""
        taken = self._take(lanes)
        is_explained = self.has_no_room and not self._bookmarks.came_up_short
        if not (taken or is_explained) and self._bookmarks.look_at_everything():
            taken = self._take(lanes)
        return taken

    def _take(self, lanes: Collection[Lane]) -> int:
        self.has_taken_all = self.has_no_room = False
        signers = self._signers_for_now()
        if signers is None:
            return 0
        mark = self._flow.mark()
        standings = self._bookmarks.read_standings()
        self._flow.meet(standings, mark)
        shares = self._shares(standings, lanes)
        if not shares:
            return 0
        claim = claims.claim_due(shares)
        self._bookmarks.note(shares, claim)
        self._counters.claimed(len(claim.rows))
        probed = {share.service_id for share in shares if share.is_probe}
        made = _one_of_each(probed, _prepare(claim, signers))
        self._flow.add(made.ready)
        self._tell_sender()
        is_many = all(share.lane is Lane.BROADCAST and not share.is_suspect for share in shares)
        is_all = 0 < len(made.ready) == len(claim.rows) and not self._bookmarks.came_up_short
        self.has_taken_all = is_many and is_all
        if made.settled or made.returned:
            write_down(made.returned, made.settled)
        self._end_vain_probes(probed, made)
        return len(claim.rows)

    def _signers_for_now(self) -> Signers | None:
        contact = keyring.contact()
        db.session.rollback()
        if contact is None:
            return None
        keys = keyring.keys()
        if self._signers is None or not self._signers.are_of(keys, contact):
            self._signers = Signers(keys, contact)
        return self._signers

    def _shares(self, standings: Sequence[Standing], lanes: Collection[Lane]) -> list[Share]:
        whose = self._whose_suspects(standings, lanes)
        return [share for one in standings for share in self._shares_of(one, lanes, may_be_suspect=one.id == whose)]

    def _whose_suspects(self, standings: Sequence[Standing], lanes: Collection[Lane]) -> int | None:
        """One push service's at a time: what is personal first, and else in turn, for those of a slow one take long."""
        if self._flow.has_suspect:
            return None
        found = [one for one in standings if _suspects(one, lanes) and self._may_send_suspects(one, lanes)]
        if not found:
            return None
        last = self._had_its_turn
        self._had_its_turn = min(found, key=lambda one: (_suspects(one, lanes)[0], one.id <= last, one.id)).id
        return self._had_its_turn

    def _may_send_suspects(self, one: Standing, lanes: Collection[Lane]) -> bool:
        if one.is_paused:
            return one.may_be_probed(clock.now()) and not _due(one, lanes)
        return self._flow.room(one.id, Lane.PERSONAL) > 0

    def _shares_of(self, one: Standing, lanes: Collection[Lane], *, may_be_suspect: bool) -> list[Share]:
        due = _due(one, lanes)
        suspect = _suspects(one, lanes) if may_be_suspect else []
        if one.is_paused:
            return self._probe(one, due, suspect)
        if suspect:
            most = min(self._flow.room(one.id, Lane.PERSONAL), SUSPECTS_TOGETHER)
            shares = [Share(one.id, suspect[0], most, is_suspect=True)]
        else:
            shares = [self._bookmarks.share(one.id, lane, self._flow.room(one.id, lane)) for lane in due[:1]]
        with_room = [share for share in shares if share.most]
        self.has_no_room = self.has_no_room or len(with_room) < len(shares)
        return with_room

    def _probe(self, one: Standing, due: list[Lane], suspect: list[Lane]) -> list[Share]:
        """With a suspect where there is nothing else, and where none is sent elsewhere at the same time."""
        is_wanted = bool(due or suspect) and one.may_be_probed(clock.now())
        if not is_wanted or not pauses.begin_probe(one.id):
            return []
        is_about_our_key = one.paused_because == Pause.OUR_KEY
        self._flow.try_one(one.id, is_about_our_key=is_about_our_key)
        if not due:
            return [Share(one.id, suspect[0], 1, is_suspect=True, is_probe=True)]
        # Much of what is due may be of no use any more after a long pause: that must not hold up the trial.
        # That our key is refused is best asked of a browser that was known to take it, whatever lane it is in.
        if is_about_our_key or one.id in self._tried_in_vain:
            return [Share(one.id, lane, LOOKED_THROUGH, is_probe=True) for lane in due]
        return [Share(one.id, due[0], 1, is_probe=True)]

    def _end_vain_probes(self, probed: Collection[int], made: Prepared) -> None:
        """What was to try a service was not to be sent at all: another push may try it at once."""
        self._tried_in_vain = set(probed) - {one.row.service_id for one in made.ready}
        for service_id in self._tried_in_vain:
            self._flow.close_one(service_id)
            begin_write()
            pauses.end_probe(service_id)
            db.session.commit()


def _due(one: Standing, lanes: Collection[Lane]) -> list[Lane]:
    return [lane for lane in sorted(lanes) if (one.has_broadcast if lane else one.has_personal)]


def _suspects(one: Standing, lanes: Collection[Lane]) -> list[Lane]:
    return [lane for lane in sorted(lanes) if (one.has_suspect_broadcast if lane else one.has_suspect_personal)]


def _one_of_each(probed: Collection[int], made: Prepared) -> Prepared:
    """Of a push service that is tried one push is sent, to a browser that was sent to before if there is one; what else
    was looked through goes back."""
    ready = [one for one in made.ready if one.row.service_id not in probed]
    trials = [one for one in made.ready if one.row.service_id in probed]
    seen: set[int] = set()
    now = clock.now()
    for one in _best_first(trials):
        if one.row.service_id in seen:
            made.returned.append(Returned(one.row, now))
        else:
            ready.append(one)
            seen.add(one.row.service_id)
    return made._replace(ready=ready)


def _best_first(ready: Sequence[Ready]) -> list[Ready]:
    """Who took a push before, with the key of now; else in no order, so that it is not always the same one that is
    refused."""
    shuffled = random.sample(ready, len(ready))
    return sorted(shuffled, key=lambda one: (not one.is_proven, one.is_old_key))


def _prepare(claim: Claim, signers: Signers) -> Prepared:
    """What cannot be prepared is handed back: nobody died of it."""
    try:
        made = prepare(claim, signers)
        db.session.rollback()  # no snapshot is held while push services are talked to
        return made
    except BaseException:
        db.session.rollback()
        write_down([Returned(row, clock.now()) for row in claim.rows])
        raise
