"""Registering, signing in and out, and the first admin: the routes a stranger can use."""

import logging

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webpush_app.accounts import first_admin, passwords, service, sessions, throttle, tries
from webpush_app.accounts.forms import FirstAdminForm, LoginForm, RegistrationForm
from webpush_app.accounts.models import User
from webpush_app.database import after_commit, begin_write, db
from webpush_app.errors import Conflict
from webpush_app.logs import line
from webpush_app.web.fields import typed
from webpush_app.web.guards import is_own_page
from webpush_app.web.languages import from_browser

log = logging.getLogger(__name__)
login_routes = Blueprint("login", __name__)

Answer = str | Response | tuple[str, int]


@login_routes.get("/login")
def login() -> Answer:
    if current_user.is_authenticated:
        return redirect(_next_page())
    return render_template("accounts/login.html", form=LoginForm())


@login_routes.post("/login")
def sign_in() -> Answer:
    form = LoginForm()
    if not form.validate_on_submit():
        return render_template("accounts/login.html", form=form), 422
    user = _sign_in(typed(form.username), typed(form.password), bool(form.remember_me.data))
    if user is None:
        flash(_("The username or the password is wrong. Please try again."), "danger")
        return render_template("accounts/login.html", form=form), 401
    return redirect(_next_page())


@login_routes.post("/logout")
def logout() -> Answer:
    begin_write()
    sessions.end_current_session()
    db.session.commit()
    flash(_("You are signed out."), "info")
    return redirect(url_for("pages.index"))


@login_routes.get("/register")
def register() -> Answer:
    if current_user.is_authenticated:
        return redirect(url_for("pages.index"))
    return render_template("accounts/register.html", form=RegistrationForm())


@login_routes.post("/register")
def create_account() -> Answer:
    form = RegistrationForm()
    if not form.validate_on_submit():
        return render_template("accounts/register.html", form=form), 422
    password_hash = _hash_in_turn(typed(form.password))
    begin_write()
    try:
        user = service.create_user(typed(form.username), password_hash, locale=from_browser())
    except Conflict as conflict:
        db.session.rollback()
        form.username.errors = [conflict.message]
        return render_template("accounts/register.html", form=form), 409
    _enter(user)
    db.session.commit()
    flash(_("Welcome, %(username)s! Your account is ready.", username=user.username), "success")
    return redirect(_next_page())


@login_routes.get("/first-admin/<token>")
def first_admin_form(token: str) -> Answer:
    first_admin.check_token(token)
    return render_template("accounts/first_admin.html", form=FirstAdminForm())


@login_routes.post("/first-admin/<token>")
def create_first_admin(token: str) -> Answer:
    form = FirstAdminForm()
    first_admin.check_token(token)
    if not form.validate_on_submit():
        return render_template("accounts/first_admin.html", form=form), 422
    password_hash = _hash_in_turn(typed(form.password))
    begin_write()
    try:
        user = first_admin.create_first_admin(
            token, typed(form.username), password_hash, typed(form.contact_email), from_browser()
        )
    except Conflict as conflict:
        db.session.rollback()
        form.username.errors = [conflict.message]
        return render_template("accounts/first_admin.html", form=form), 409
    _enter(user)
    db.session.commit()
    flash(_("Welcome, %(username)s! You are the admin of this site.", username=user.username), "success")
    return redirect(url_for("pages.index"))


def _sign_in(username: str, password: str, is_remembered: bool) -> User | None:
    """The person, or None for a wrong name and a wrong password alike: in answer and in time."""
    address = throttle.address_key(request.remote_addr)
    with passwords.turn():
        number = tries.begin(username, address)
        user = service.find_user(username)
        password_hash = user.password_hash if user else None
        db.session.rollback()  # no snapshot is held while the hash is computed
        is_right = passwords.is_right(password_hash, password)
        new_hash = (
            passwords.hash_password(password) if is_right and passwords.needs_rehash(str(password_hash)) else None
        )
        begin_write()
        user = service.find_user(username, is_locked=True) if is_right else None
        if user is None or user.password_hash != password_hash:  # wrong, or changed in the meantime
            throttle.fail_try(number, username, address)
            db.session.commit()
            return None
        user.password_hash = new_hash or user.password_hash
        user.locale = user.locale or from_browser()
        throttle.take_back(number)
        throttle.forgive(username, address)
        sessions.start_session(user, is_remembered=is_remembered)
        db.session.commit()
        return user


def _hash_in_turn(password: str) -> str:
    db.session.rollback()  # no snapshot is held while the hash is computed
    with passwords.turn():
        return passwords.hash_password(password)


def _enter(user: User) -> None:
    name = user.username
    sessions.start_session(user, is_remembered=False)
    after_commit(lambda: log.info(line("account_created", username=name)))


def _next_page() -> str:
    """Where the person was going: one of our own pages, never another site."""
    wanted = request.args.get("next")
    return wanted if wanted and is_own_page(wanted) else url_for("pages.index")
