"""`python app.py` and its VAPID keys: what is wrong with them is said before anything is served, in one line."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import SECRET_KEY, settings_in
from tests.databases import database_in
from tests.server.running import ROOT, running
from tests.server.test_start_problems import complaint
from tests.subscriptions.devices import subscribe
from webpush_app import start
from webpush_app.config import CONFIGURATION_FILE
from webpush_app.database import db
from webpush_app.protocol import vapid_keys
from webpush_app.subscriptions import keyring

KEY = vapid_keys.generate()
OTHER = vapid_keys.generate()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"VAPID_PRIVATE_KEY": "hunter2" * 7},
            "VAPID_PRIVATE_KEY in the environment must be base64url of 32 bytes, or PEM",
        ),
        (
            {"VAPID_PRIVATE_KEY": KEY.private_text, "VAPID_PUBLIC_KEY": OTHER.public},
            "VAPID_PUBLIC_KEY does not belong to VAPID_PRIVATE_KEY. Leave VAPID_PUBLIC_KEY out",
        ),
        ({"VAPID_PUBLIC_KEY": KEY.public}, "VAPID_PUBLIC_KEY is set without VAPID_PRIVATE_KEY. Set both, or neither"),
        ({"VAPID_CLAIM_EMAIL": "nobody"}, "VAPID_CLAIM_EMAIL in the environment is 'nobody', and must be an e-mail"),
    ],
    ids=["malformed", "mismatched", "public alone", "contact"],
)
def test_a_setting_that_is_wrong(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    line = complaint(tmp_path, **settings)
    assert line.startswith(said)
    assert "hunter2" not in line
    assert KEY.private_text not in line


def test_a_key_file_that_is_missing_while_a_browser_is_subscribed(tmp_path: Path) -> None:
    app = start.prepare(settings_in(tmp_path))
    subscribe(app.test_client())
    with app.app_context():
        db.engine.dispose()
    file = tmp_path / keyring.KEY_FILE
    file.unlink()
    line = complaint(tmp_path, SECRET_KEY=SECRET_KEY)
    assert line.startswith(f"{file} is missing, and 1 browsers are subscribed")
    assert not file.exists()
    assert database_in(tmp_path).rows("SELECT count(*) FROM push_subscriptions") == [(1,)]


def test_a_key_file_that_holds_no_key(tmp_path: Path) -> None:
    (tmp_path / keyring.KEY_FILE).write_text("hunter2", encoding="utf-8")
    line = complaint(tmp_path)
    assert line.startswith(f"The VAPID key in {tmp_path / keyring.KEY_FILE} must be ")
    assert "hunter2" not in line


def test_a_key_file_that_others_can_read_is_said_once(tmp_path: Path) -> None:
    file = tmp_path / keyring.KEY_FILE
    file.write_text(KEY.private_text, encoding="utf-8")
    file.chmod(0o644)
    with running(tmp_path) as server:
        pass
    assert [line for line in server.lines if "chmod" in line] == [
        f"Others on this machine can read the VAPID key. Run: chmod 600 {file}"
    ]
    assert KEY.private_text not in server.output


def test_and_so_is_a_settings_file_with_the_key_in_it(tmp_path: Path) -> None:
    file = tmp_path / CONFIGURATION_FILE
    file.write_text(
        f"VAPID_PRIVATE_KEY = {KEY.private_text!r}\nVAPID_CLAIM_EMAIL = 'ops@example.com'\n", encoding="utf-8"
    )
    file.chmod(0o640)
    with running(tmp_path, EMBEDDED_WORKER="false") as server:
        pass
    assert [line for line in server.lines if "chmod" in line] == [
        f"Others on this machine can read the VAPID key. Run: chmod 600 {file}"
    ]
    assert not (tmp_path / keyring.KEY_FILE).exists()


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_files_of_the_owner_alone_are_nothing_to_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: int
) -> None:
    (tmp_path / keyring.KEY_FILE).write_text(KEY.private_text, encoding="utf-8")
    (tmp_path / keyring.KEY_FILE).chmod(mode)
    (tmp_path / CONFIGURATION_FILE).write_text("SITE_NAME = 'no key in it'\n", encoding="utf-8")
    (tmp_path / CONFIGURATION_FILE).chmod(0o644)
    for given in ({}, {"vapid_private_key": KEY.private_text}):
        with start.prepare(settings_in(tmp_path, **given)).app_context():
            db.engine.dispose()
    assert capsys.readouterr().err == ""


def test_nor_is_the_example_of_a_settings_file_while_the_key_stands_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copyfile(ROOT / "instance" / "application.cfg.example.py", tmp_path / CONFIGURATION_FILE)
    with start.prepare(settings_in(tmp_path, vapid_private_key=KEY.private_text)).app_context():
        db.engine.dispose()
    assert capsys.readouterr().err == ""
