"""`create_app()`: the one place that knows every part, and puts them together."""

import importlib
import logging

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from webpush_app import cli, config, database, logs
from webpush_app.accounts.avatars import avatar
from webpush_app.accounts.gate import init_app as init_gate
from webpush_app.accounts.login import login_routes
from webpush_app.accounts.models import LoginSession, User
from webpush_app.accounts.routes import account_routes
from webpush_app.accounts.sessions import REMEMBERED
from webpush_app.broadcasts import routes as broadcast_routes
from webpush_app.broadcasts import service as broadcasts
from webpush_app.broadcasts import subjects as broadcast_subjects
from webpush_app.broadcasts.inbox_items import BROADCASTS
from webpush_app.broadcasts.models import Broadcast
from webpush_app.broker import EXTENSION
from webpush_app.config import ROOT, Settings
from webpush_app.delivery import admin_routes as push_admin
from webpush_app.delivery import alerts, composing, health, outbox, subjects, trial, trial_subjects
from webpush_app.delivery import metrics as delivery_metrics
from webpush_app.delivery.alert_words import alerts_in_words
from webpush_app.delivery.models import Push, PushAttempt
from webpush_app.delivery.routes import delivery_routes
from webpush_app.delivery.waking import wake_workers
from webpush_app.delivery.watch_models import OperatorAlert, PushWorker
from webpush_app.errors import StartError
from webpush_app.messaging import composing as messages
from webpush_app.messaging import routes as messaging_routes
from webpush_app.messaging import subjects as message_subjects
from webpush_app.messaging.inbox_items import MESSAGES
from webpush_app.messaging.models import Message
from webpush_app.notifications import admins, inbox_routes, kinds, live, notices, pushed, waking
from webpush_app.notifications.models import InboxItem, Notification
from webpush_app.notifications.routes import notification_routes, presence_routes
from webpush_app.subscriptions import routes as subscription_routes
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.push_services import PushService
from webpush_app.web import (
    error_pages,
    guards,
    headers,
    languages,
    metrics,
    readiness,
    scripts,
    socket_client,
    times,
    user_agent,
)
from webpush_app.web.cookies import SessionCookie
from webpush_app.web.extensions import babel, bootstrap, csrf, migrate
from webpush_app.web.hosts import checking_host
from webpush_app.web.pages import pages


def create_app(settings: Settings | None = None) -> Flask:
    settings = settings or config.load()
    app = Flask(
        "webpush_app",
        instance_path=str(settings.instance_path),
        root_path=str(ROOT / "webpush_app"),
        static_folder=str(ROOT / "static"),
        template_folder=str(ROOT / "templates"),
    )
    _configure(app, settings)
    _add_database(app, settings)
    _add_broker(app, settings)
    _add_web(app)
    _add_features(app)
    cli.init_app(app)
    _stand_behind(app, settings)
    return app


def _stand_behind(app: Flask, settings: Settings) -> None:
    """What a request passes before Flask sees it, the last one first."""
    if settings.integrate_socketio:
        live.init_app(app)
    app.wsgi_app = checking_host(app.wsgi_app)  # type: ignore[method-assign, assignment]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def _configure(app: Flask, settings: Settings) -> None:
    logging.getLogger("webpush_app").setLevel(settings.log_level)
    logs.never_show(settings.secret_key, settings.metrics_token, settings.vapid_private_key)
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        SITE_NAME=settings.site_name,
        MESSAGE_MAX_LENGTH=settings.message_max_length,
        ITEMS_PER_PAGE=settings.items_per_page,
        POLL_SECONDS=settings.poll_seconds,
        INTEGRATE_SOCKETIO=settings.integrate_socketio,
        PUSH_LEASE_SECONDS=settings.push_lease_seconds,
        SESSION_COOKIE_NAME="webpush_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # A remembered session is renewed when it is noted as seen, not with every picture and style sheet.
        SESSION_REFRESH_EACH_REQUEST=False,
        # A form left open overnight can still be sent: its token lives as long as the session does.
        WTF_CSRF_TIME_LIMIT=None,
        BOOTSTRAP_SERVE_LOCAL=True,
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.session_interface = SessionCookie()
    app.permanent_session_lifetime = REMEMBERED


def _add_database(app: Flask, settings: Settings) -> None:
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = database.engine_options(settings.database_url)
    database.init_app(app)
    migrate.init_app(app, database.db, directory=str(ROOT / "migrations"))


def _add_broker(app: Flask, settings: Settings) -> None:
    if settings.engine_url is None:
        return
    try:
        site = importlib.import_module("webpush_app.broker.site")
    except ModuleNotFoundError as missing:
        raise StartError(f"ENGINE_URL is set, and {missing.name} is not installed. Run: make scale") from None
    site.init_app(app, settings.engine_url, waking.WHAT_WAS_MISSED)


def _add_web(app: Flask) -> None:
    csrf.init_app(app)
    bootstrap.init_app(app)
    guards.init_app(app)
    error_pages.init_app(app)
    headers.init_app(app)
    scripts.init_app(app)
    socket_client.init_app(app)
    times.init_app(app)
    app.register_blueprint(pages)


def _add_features(app: Flask) -> None:
    init_gate(app)
    languages.init_app(app, babel)
    app.register_blueprint(login_routes)
    app.register_blueprint(account_routes)
    app.register_blueprint(notification_routes)
    app.register_blueprint(presence_routes)
    inbox_routes.init_app(app)
    subscription_routes.init_app(app)
    app.register_blueprint(delivery_routes)
    messaging_routes.init_app(app)
    broadcast_routes.init_app(app)
    composers = {messages.KIND: messages.compose, broadcasts.KIND: broadcasts.compose, trial.KIND: trial.compose}
    composing.register(app, composers, pushed.companion)
    known_subjects = {
        messages.KIND: message_subjects,
        broadcasts.KIND: broadcast_subjects,
        trial.KIND: trial_subjects,
    }
    subjects.register(app, known_subjects)
    kinds.register(app, {messages.KIND: MESSAGES, broadcasts.KIND: BROADCASTS, notices.NEW_DEVICE: notices.DEVICES})
    push_admin.init_app(app)
    outbox.pushes_due.connect(wake_workers)
    _add_watching(app)
    app.jinja_env.globals["avatar"] = avatar
    app.jinja_env.filters["browser_in_words"] = user_agent.in_words
    app.shell_context_processor(lambda: {"db": database.db} | {model.__name__: model for model in _IN_THE_SHELL})


def _add_watching(app: Flask) -> None:
    """What those who run the site are told, and by whom."""
    alerts.on_alert.connect(admins.tell_admins)
    app.jinja_env.filters["alerts_in_words"] = alerts_in_words
    has_broker = EXTENSION in app.extensions
    readiness.init_app(app, {**health.CHECKS, **({"broker": health.broker} if has_broker else {})})
    of_broker = (delivery_metrics.broker,) if has_broker else ()
    metrics.init_app(app, (*delivery_metrics.SOURCES, *of_broker, live.open_sockets))


_IN_THE_SHELL = (
    *(User, LoginSession, Message, Notification, InboxItem, PushSubscription, Broadcast),
    *(PushService, Push, PushAttempt, PushWorker, OperatorAlert),
)
