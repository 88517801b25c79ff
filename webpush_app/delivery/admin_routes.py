"""`/admin/pushes`, for admins alone: what waits, what became of pushes, what was given up, and sending that again."""

import re

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from webpush_app.accounts.gate import admin_required, begin_write_as_admin
from webpush_app.database import db
from webpush_app.delivery import admin_words, alerts, dead_letters, listing, overview, searching, subjects, trail
from webpush_app.delivery.dead_letters import DEAD
from webpush_app.delivery.models import Push, State
from webpush_app.delivery.trail import PersonsTrail
from webpush_app.delivery.walking import Wanted, Watch
from webpush_app.errors import InvalidInput, NotFound
from webpush_app.web.paging import no_such_page

admin_push_routes = Blueprint("admin_pushes", __name__, url_prefix="/admin/pushes")

Answer = str | Response | tuple[str, int]
SHOWN = 20
_AT_A_GLANCE = 10
DEAD_LETTERS = "dead"  # in the filter, beside the states: all that can be sent again
_REASON = re.compile(r"[a-z0-9_]{1,32}")  # it is shown, and words of others have no place on the page
_LOOKING_SECONDS = 0.5
_REPLAYING_SECONDS = 5.0


def init_app(app: Flask) -> None:
    app.register_blueprint(admin_push_routes)
    app.context_processor(lambda: {"open_alerts": alerts.list_open})
    app.jinja_env.filters.update(admin_words.FILTERS)


@admin_push_routes.get("")
@admin_required
def index() -> Answer:
    """Without a filter everything at a glance, with the newest pushes below."""
    wanted, before = _filter(), _number_in("before")
    is_overview = wanted == Wanted() and before is None
    size = _AT_A_GLANCE if is_overview else SHOWN
    page = listing.newest(wanted, size, before=before, watch=Watch(_LOOKING_SECONDS))
    return render_template(
        "delivery/pushes.html",
        lines=trail.read_lines(page.pushes),
        subjects=listing.subjects_of(page.pushes),
        page=page,
        filters={name: request.args.get(name, "") for name in ("state", "kind", "host", "reason")},
        choices={"state": [*State, DEAD_LETTERS], "kind": subjects.kinds(), "host": overview.list_hosts()},
        conditions=overview.read_conditions(),
        is_overview=is_overview,
        is_later=before is not None,
        standings=overview.list_standings() if is_overview else [],
        dead=dead_letters.count(Wanted(), Watch(_LOOKING_SECONDS)) if is_overview else None,
    )


@admin_push_routes.get("/trace")
@admin_required
def trace() -> Answer:
    typed = request.args.get("q", "").strip()[:64]
    if not typed:
        return render_template("delivery/trace.html", typed="")
    try:
        found = searching.search(typed, below=_number_in("below"))
    except NotFound as unknown:
        return render_template("delivery/trace.html", typed=typed, unknown=unknown.message), 404
    is_person = isinstance(found, PersonsTrail)
    return render_template(
        "delivery/trace.html",
        typed=typed,
        person=found if is_person else None,
        trails=found.trails if isinstance(found, PersonsTrail) else [found],
        conditions=overview.read_conditions(),
    )


@admin_push_routes.get("/<int(max=9223372036854775807):push_id>")
@admin_required
def show(push_id: int) -> Answer:
    found = trail.of_push(_get(push_id))
    return render_template("delivery/push.html", trail=found, conditions=overview.read_conditions())


@admin_push_routes.post("/<int(max=9223372036854775807):push_id>/send-again")
@admin_required
def send_again(push_id: int) -> Answer:
    begin_write_as_admin()
    _get(push_id)
    done = dead_letters.replay_some([push_id])
    db.session.commit()
    flash(*admin_words.of_replayed(done))
    return redirect(url_for("admin_pushes.show", push_id=push_id))


@admin_push_routes.post("/send-again")
@admin_required
def send_all_again() -> Answer:
    """All that one push service did not take for one reason."""
    host, reason = request.form.get("host"), request.form.get("reason")
    if host is None or reason is None:
        raise InvalidInput(_("Say which are meant: by `host` and `reason`."))
    wanted = Wanted(DEAD, host=host, reason=reason)
    done = dead_letters.replay(wanted, begin=begin_write_as_admin, watch=Watch(_REPLAYING_SECONDS))
    flash(*admin_words.of_replayed(done))
    return redirect(url_for("admin_pushes.index"))


def _get(push_id: int) -> Push:
    push = db.session.get(Push, push_id)
    if push is None:
        raise NotFound(_("There is no such push. Finished ones are kept for a while only."))
    return push


def _filter() -> Wanted:
    state = request.args.get("state", "")
    if state not in ("", DEAD_LETTERS, *State):
        raise no_such_page()
    states = DEAD if state == DEAD_LETTERS else frozenset({State(state)} if state else ())
    kind, host, reason = (request.args.get(name) or None for name in ("kind", "host", "reason"))
    if reason and not _REASON.fullmatch(reason):
        raise no_such_page()
    return Wanted(states, kind, host, reason)


def _number_in(name: str) -> int | None:
    given = request.args.get(name, "")
    if given and not (given.isascii() and given.isdigit() and len(given) < 19):
        raise no_such_page()
    return int(given) if given else None
