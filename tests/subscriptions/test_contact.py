"""The address that push services are told, and `flask vapid show`, which says what it is and which key is in use."""

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from tests.conftest import AppMaker, settings_in
from tests.people import Browser
from tests.subscriptions.devices import subscribe
from webpush_app.accounts.service import CONTACT_EMAIL, remember_fact
from webpush_app.database import begin_write, db
from webpush_app.factory import create_app
from webpush_app.protocol import vapid_keys
from webpush_app.protocol.signing import Signer
from webpush_app.subscriptions import keyring

SET = "mailto:set@example.com"


def _remember(app: Flask, address: str) -> None:
    with app.app_context():
        begin_write()
        remember_fact(CONTACT_EMAIL, address)
        db.session.commit()


def _contact(app: Flask) -> tuple[str | None, bool]:
    with app.app_context():
        return keyring.contact(), keyring.is_contact_missing()


def test_there_is_none_until_somebody_gives_one(app: Flask) -> None:
    assert _contact(app) == (None, True)
    assert _contact(app) == (None, True)
    _remember(app, "ops@example.com")
    assert _contact(app) == ("mailto:ops@example.com", False), "at once, in the process that had said there was none"


def test_the_setting_goes_before_what_an_admin_gave(make_app: AppMaker) -> None:
    app = make_app(vapid_claim_email=SET)
    assert _contact(app) == (SET, False)
    _remember(app, "ops@example.com")
    assert _contact(app) == (SET, False)
    assert _contact(make_app()) == ("mailto:ops@example.com", False)


def test_an_address_that_is_changed_is_told_at_once(app: Flask) -> None:
    for address in ("first@example.com", "second@example.com"):
        _remember(app, address)
        assert _contact(app) == (f"mailto:{address}", False)


@pytest.mark.parametrize("address", ["ops@example.com", "o'brien+push@mail.example.co.uk", "用户@例子.公司"])
def test_an_admin_gives_one_that_can_be_signed_with(app: Flask, admin: Browser, address: str) -> None:
    assert admin.submit("/admin/contact", {"contact_email": address}, form_at="/admin").status_code == 302
    contact, is_missing = _contact(app)
    assert (contact, is_missing) == (f"mailto:{address}", False)
    with app.app_context():
        assert Signer(keyring.current_key(), contact or "").authorization("https://a.example").startswith("vapid t=")


def _show(app: Flask) -> Result:
    return app.test_cli_runner().invoke(args=["vapid", "show"])


def test_the_command_shows_the_public_key_and_the_contact_alone(make_app: AppMaker) -> None:
    app = make_app(vapid_claim_email=SET)
    shown = _show(app)
    with app.app_context():
        key = keyring.current_key()
    assert shown.exit_code == 0
    assert shown.output == f"Public key: {key.public}\nContact:    {SET}\n"
    assert key.private_text not in shown.output


def test_and_says_where_a_contact_is_given_while_there_is_none(app: Flask) -> None:
    shown = _show(app).output
    assert "none yet: give it on the page /admin, or as VAPID_CLAIM_EMAIL" in shown
    _remember(app, "ops@example.com")
    assert "Contact:    mailto:ops@example.com\n" in _show(app).output


def test_a_key_of_the_settings_is_not_shown_either(make_app: AppMaker) -> None:
    key = vapid_keys.generate()
    shown = _show(make_app(vapid_private_key=key.private_text)).output
    assert key.public in shown
    assert key.private_text not in shown


def test_a_missing_key_is_said_in_one_line(make_app: AppMaker) -> None:
    app = make_app()
    subscribe(app.test_client())
    (app.config["SETTINGS"].instance_path / keyring.KEY_FILE).unlink()
    shown = _show(make_app())
    assert shown.exit_code == 1
    assert shown.output.startswith("Error: ")
    assert shown.output.count("\n") == 1
    assert "1 browsers are subscribed with the key in it" in shown.output


def test_before_the_first_start_it_says_so_in_one_line(tmp_path: Path, unmigrated: str) -> None:
    app = create_app(settings_in(tmp_path, database_url=unmigrated))
    try:
        shown = _show(app)
    finally:
        with app.app_context():
            db.engine.dispose()
    assert (shown.exit_code, shown.output.count("\n")) == (1, 1)
    assert shown.output.startswith("Error: ")
