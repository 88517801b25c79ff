"""`/api/push-subscriptions`: a browser subscribes, asks what is known of it, and ends it. JSON throughout."""

import json
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request, session
from flask_babel import gettext as _
from flask_login import current_user

from webpush_app.accounts.gate import begin_write_as_viewer
from webpush_app.accounts.throttle import address_key
from webpush_app.database import db
from webpush_app.errors import InvalidInput, NotFound
from webpush_app.protocol.subscription import Subscription, SubscriptionRefused, read_subscription
from webpush_app.protocol.vapid_keys import BadKey, normal_public
from webpush_app.subscriptions import keyring, service
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.service import MadeWithAnotherKey, Viewer
from webpush_app.web import json_requests, user_agent
from webpush_app.web.languages import chosen

subscription_routes = Blueprint("subscriptions", __name__, url_prefix="/api/push-subscriptions")
json_requests.guard(subscription_routes)

_POSTED = "push_subscriptions"  # in a stranger's cookie: the rows this browser posted
_MOST_POSTED = 5


def init_app(app: Flask) -> None:
    app.register_blueprint(subscription_routes)
    app.context_processor(lambda: {"push_key": _public_key, "push_missing": keyring.is_contact_missing})


def viewer() -> Viewer:
    """Who is looking, for requests that only read."""
    return Viewer(current_user._get_current_object() if current_user.is_authenticated else None, _posted())


def begin_write_as() -> Viewer:
    """Whoever it is as of now: they may have signed out since the request began."""
    person = begin_write_as_viewer()
    json_requests.check_viewer()
    return Viewer(person, _posted())


@subscription_routes.get("")
def list_subscriptions() -> Response:
    who = viewer()
    rows = [_public(row, who) for row in service.list_own(who)]
    return jsonify({"status": "success", "application_server_key": _public_key(), "result": rows})


@subscription_routes.post("")
def create_subscription() -> tuple[Response, int]:
    given = json_requests.body()
    subscription = _subscription_in(given)
    key = _key_in(given)
    agent, address = user_agent.describe(request.user_agent.string), address_key(request.remote_addr)
    who = begin_write_as()
    former = _former_in(given, who)
    row, is_new = service.subscribe(
        subscription, who, vapid_public_key=key, browser=agent, locale=chosen(), address=address, former=former
    )
    db.session.commit()
    if row.user_id is None:
        _remember(row.id)
    result = {"id": row.id, "subscription_json": row.subscription_json}
    return jsonify({"status": "success", "result": result}), 201 if is_new else 200


@subscription_routes.post("/state")
def show_state() -> Response:
    """Of the browser that asks, by what it alone knows: whether pushes reach it, also while nobody is signed in."""
    row = service.get_by_secret(*_secret_in(json_requests.body()))
    return jsonify({"status": "success", "result": _public(row, viewer())})


@subscription_routes.delete("")
def delete_subscription() -> Response:
    given = json_requests.body()
    removed = service.remove(_named_in(given, begin_write_as()))
    db.session.commit()
    return jsonify({"status": "success", "result": {"id": removed}})


def _named_in(given: dict[str, Any], who: Viewer) -> PushSubscription:
    """By the number of one's own, or by what its browser alone knows."""
    if "id" not in given:
        return service.get_by_secret(*_secret_in(given))
    number = given["id"]
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 2**31:
        raise InvalidInput(_("`id` is the number of a subscription of yours."), field="id")
    return service.get_own(number, who)


def _former_in(given: dict[str, Any], who: Viewer) -> PushSubscription | None:
    """What the browser had before, and has no more. One that is not known, or not theirs, is nothing to them."""
    named = given.get("replaces")
    if named is None:
        return None
    if not isinstance(named, dict):
        raise InvalidInput(
            _("Name the subscription by its `endpoint` and `keys.auth`, or by its `id`."), field="replaces"
        )
    try:
        return _named_in(named, who)
    except NotFound:
        return None


def _subscription_in(given: dict[str, Any]) -> Subscription:
    data: Any = given
    if "subscription_json" in given:  # the tutorials send it as text within the JSON
        try:
            data = json.loads(given["subscription_json"])
        except (TypeError, ValueError, RecursionError):
            raise InvalidInput(
                _("`subscription_json` is the browser's PushSubscription as JSON text."), field="subscription_json"
            ) from None
    try:
        return read_subscription(data, current_app.config["SETTINGS"].push_service_hosts)
    except SubscriptionRefused as refused:
        raise InvalidInput(f"`{refused.field}` {refused.reason}.", field=refused.field) from None


def _key_in(given: dict[str, Any]) -> str:
    """The key the browser subscribed with. Old pages do not say it: then the one in use is meant.

    One that was in use before is taken, as long as it is kept: the page was opened before the rotation, and moves over
    at its next visit.
    """
    said = given.get("applicationServerKey")
    if said is None:
        return keyring.current_key().public
    try:
        key = normal_public(said) if isinstance(said, str) else ""
    except BadKey:
        key = ""
    if not key:
        raise InvalidInput(
            _("`applicationServerKey` is the public key, as base64url text."), field="applicationServerKey"
        )
    if keyring.key_of(key) is None:
        raise MadeWithAnotherKey(
            _("This subscription was made with a key that is not this site's. End it, and subscribe again."),
            field="applicationServerKey",
        )
    return key


def _secret_in(given: dict[str, Any]) -> tuple[str, str]:
    keys = given.get("keys")
    endpoint, auth = given.get("endpoint"), keys.get("auth") if isinstance(keys, dict) else None
    if not isinstance(endpoint, str) or not isinstance(auth, str):
        raise InvalidInput(_("Name the subscription by its `endpoint` and `keys.auth`, or by its `id`."))
    return endpoint, auth.rstrip("=").replace("+", "-").replace("/", "_")


def _public(row: PushSubscription, who: Viewer) -> dict[str, Any]:
    """Without the endpoint and the keys: whoever has them can push to the browser, or end its subscription.

    `is_this_session` false on a browser's own row: it was posted in an earlier session. The page posts it again then,
    so that signing out of this one turns it off.
    """
    # One of an older key is served with that, and is on: the page sees by itself that it is to move over.
    other_key = "other_key" if keyring.key_of(row.vapid_public_key) is None else None
    return {
        "id": row.id,
        "browser": user_agent.in_words(row.browser),
        "fingerprint": row.fingerprint,
        "is_on": row.off_at is None and other_key is None,
        "off_because": row.off_because or other_key,
        "is_this_session": row.login_session_id == who.login_session_id,
        "created_at": row.created_at.isoformat(),
        "last_seen_at": row.last_seen_at.isoformat(),
    }


def _posted() -> list[int]:
    posted = session.get(_POSTED, [])
    return [number for number in posted if isinstance(number, int)] if isinstance(posted, list) else []


def _remember(subscription_id: int) -> None:
    others = [number for number in _posted() if number != subscription_id]
    session[_POSTED] = [*others, subscription_id][-_MOST_POSTED:]
    session.permanent = True  # the browser stays subscribed after it is closed, and so it should know


def _public_key() -> str:
    return keyring.current_key().public
