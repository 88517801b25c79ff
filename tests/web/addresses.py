"""Every address of the app, with something in the place of each argument."""

from collections.abc import Iterator

from flask import Flask

SAMPLES = {
    "username": "john",
    "recipient": "john",
    "session_id": "1",
    "token": "x",
    "filename": "css/site.css",
    "subscription_id": "1",
    "push_id": "1",
    "broadcast_id": "1",
    "item_id": "1",
    "version": "1",
}
# What a stranger may open. Whatever is added to the app and not to this list must ask who is there.
FOR_STRANGERS = {
    "static",
    "versioned_static",
    "bootstrap.static",
    "pages.index",
    "pages.healthz",
    "pages.readyz",
    "pages.metrics",  # asks where the question comes from, and is tested by itself
    "pages.favicon",
    "pages.service_worker",
    "pages.manifest",
    # Anybody may subscribe without an account; what is asked about must be this browser's own.
    "subscriptions.list_subscriptions",
    "subscriptions.create_subscription",
    "subscriptions.delete_subscription",
    "subscriptions.show_state",
    "delivery.send_test",
    "delivery.show_push",
    "login.login",
    "login.sign_in",
    "login.logout",
    "login.register",
    "login.create_account",
    "login.first_admin_form",
    "login.create_first_admin",
    "messaging.send_message_by_other_name",  # leads on to a page that asks
}
# JSON is spoken here: errors are JSON too, and an own Origin stands in the place of a form's token.
_FOR_PROGRAMS = ("/api/", "/admin-api/")
_FOR_ADMINS = ("/admin/", "/admin-api/")


def paths(app: Flask, method: str, *, for_strangers: bool, for_programs: bool | None = None) -> Iterator[str]:
    """Without `for_programs` those of programs and those of pages."""
    for rule in app.url_map.iter_rules():
        is_open = rule.endpoint in FOR_STRANGERS
        if method in (rule.methods or ()) and is_open == for_strangers:
            with app.test_request_context():
                built = rule.build({name: SAMPLES[name] for name in rule.arguments})
            assert built, rule
            if for_programs in (None, built[1].startswith(_FOR_PROGRAMS)):
                yield built[1]


def is_for_admins(path: str) -> bool:
    return f"{path}/".startswith(_FOR_ADMINS)
