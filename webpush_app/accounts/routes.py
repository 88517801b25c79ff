"""The pages about people: profiles, the card that opens over a name, the list of people, one's own account."""

import logging

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user, login_required
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from webpush_app.accounts import gate, passwords, service, sessions, throttle, tries
from webpush_app.accounts.forms import ChangePasswordForm, EditProfileForm
from webpush_app.database import after_commit, begin_write, db
from webpush_app.errors import AppError, NotFound
from webpush_app.logs import line
from webpush_app.web.fields import typed
from webpush_app.web.guards import page_number
from webpush_app.web.headers import FOR_MACHINES
from webpush_app.web.paging import existing
from webpush_app.web.viewer import forget_viewer

log = logging.getLogger(__name__)
account_routes = Blueprint("accounts", __name__)

Answer = str | Response | tuple[str, int]


@account_routes.before_app_request
def note_seen() -> None:
    """Last seen: at most once a minute for each session, and never in the way of the request itself."""
    endpoint = request.endpoint or "static"
    if endpoint in FOR_MACHINES or endpoint.endswith("static") or not current_user.is_authenticated:
        return
    row = current_user.login_session
    if sessions.is_due(row.last_seen):
        user_id, session_id, is_remembered = row.user_id, row.id, row.is_remembered
        # Nobody waits for a second connection while holding the first.
        db.session.rollback()
        forget_viewer()
        try:
            sessions.note_seen(user_id, session_id, is_remembered)
            session.modified = is_remembered  # its cookie lasts longer with it
        except (AppError, SQLAlchemyError):
            log.debug(line("last_seen_not_noted", why="the database is busy"))


@account_routes.get("/user/<username>")
@login_required
def user(username: str) -> Answer:
    person = service.get_user(username)
    own_sessions = sessions.list_sessions(person.id) if person == current_user else []
    return render_template("accounts/user.html", user=person, sessions=own_sessions)


@account_routes.get("/user/<username>/popup")
@login_required
def user_popup(username: str) -> Answer:
    return render_template("accounts/user_popup.html", user=service.get_user(username))


@account_routes.get("/people")
@login_required
def people() -> Answer:
    wanted = request.args.get("q", "").strip()[:64]
    found = existing(service.list_people(wanted, page_number(), current_app.config["ITEMS_PER_PAGE"]))
    return render_template("accounts/people.html", people=found, wanted=wanted)


@account_routes.route("/edit_profile", methods=["GET", "POST"])
@login_required
def edit_profile() -> Answer:
    form = EditProfileForm(about_me=current_user.about_me, locale=current_user.locale)
    if request.method == "GET":
        return render_template("accounts/edit_profile.html", form=form)
    if not form.validate_on_submit():
        return render_template("accounts/edit_profile.html", form=form), 422
    person = gate.begin_write_signed_in()
    person.about_me = typed(form.about_me)
    service.choose_language(person, form.locale.data)
    db.session.commit()
    with force_locale(form.locale.data):  # the answer already speaks the new language
        flash(_("Your profile is saved."), "success")
    return redirect(url_for("accounts.user", username=current_user.username))


@account_routes.route("/change_password", methods=["GET", "POST"])
@login_required
def change_password() -> Answer:
    form = ChangePasswordForm()
    if request.method == "GET":
        return render_template("accounts/change_password.html", form=form)
    if not form.validate_on_submit():
        return render_template("accounts/change_password.html", form=form), 422
    if not _change_password(typed(form.old_password), typed(form.password)):
        form.old_password.errors = [_("This is not your current password.")]
        return render_template("accounts/change_password.html", form=form), 422
    flash(_("Your password is changed, and every other browser is signed out."), "success")
    return redirect(url_for("accounts.user", username=current_user.username))


@account_routes.post("/sessions/<int(max=2147483647):session_id>/end")
@login_required
def end_session(session_id: int) -> Answer:
    person = gate.begin_write_signed_in()
    is_this_one = gate.own_session(person).id == session_id
    if not sessions.end_session(person.id, session_id):
        raise NotFound(_("That browser is signed out already."))
    if is_this_one:
        sessions.end_current_session()
    db.session.commit()
    flash(_("That browser is signed out."), "success")
    return redirect(url_for("pages.index") if is_this_one else url_for("accounts.user", username=person.username))


@account_routes.post("/sessions/end-others")
@login_required
def end_other_sessions() -> Answer:
    person = gate.begin_write_signed_in()
    sessions.end_all_sessions(person.id, but=gate.own_session(person).id)
    db.session.commit()
    flash(_("Every other browser is signed out."), "success")
    return redirect(url_for("accounts.user", username=person.username))


@account_routes.post("/sessions/end-all")
@login_required
def end_all_sessions() -> Answer:
    person = gate.begin_write_signed_in()
    sessions.end_all_sessions(person.id)
    sessions.end_current_session()
    db.session.commit()
    flash(_("Every browser is signed out."), "success")
    return redirect(url_for("pages.index"))


def _change_password(old: str, new: str) -> bool:
    """Ends every session, and starts a new one for this browser."""
    username, address = current_user.username, throttle.address_key(request.remote_addr)
    old_hash, is_remembered = current_user.password_hash, current_user.login_session.is_remembered
    with passwords.turn():
        number = tries.begin(username, address)  # a stolen session must not guess the password either
        is_right = passwords.is_right(old_hash, old)
        new_hash = passwords.hash_password(new) if is_right else ""
        begin_write()
        person = service.get_user(username, is_locked=True)
        if not is_right or person.password_hash != old_hash:
            throttle.fail_try(number, username, address)
            db.session.commit()
            return False
        throttle.take_back(number)
        person.password_hash = new_hash
        sessions.end_all_sessions(person.id)
        sessions.start_session(person, is_remembered=is_remembered)
        after_commit(lambda: log.info(line("password_changed", username=username)))
        db.session.commit()
        return True
