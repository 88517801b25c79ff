"""Several keys, the newest first: which is current, which are known, and how a running process hears of a change."""

import logging
import os
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import AppMaker, settings_in
from tests.subscriptions.devices import change, subscribe
from webpush_app import clock, start
from webpush_app.database import db
from webpush_app.errors import StartError
from webpush_app.protocol import vapid_keys
from webpush_app.protocol.vapid_key_lists import write_keys
from webpush_app.protocol.vapid_keys import VapidKey
from webpush_app.subscriptions import key_file, keyring

NEW, OLD, OLDEST = (vapid_keys.generate() for _number in range(3))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """With two keys in it."""
    path = tmp_path / keyring.KEY_FILE
    put(path, OLD, OLDEST)
    return path


def put(path: Path, *keys: VapidKey) -> None:
    """As it is done: another file takes its name."""
    draft = path.with_name("draft")
    draft.write_text(write_keys(keys), encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(path)


def held(app: Flask) -> list[str]:
    with app.app_context():
        keys = keyring.keys()
        assert keyring.current_key() == keys[0]
        return [key.public for key in keys]


def publics(*keys: VapidKey) -> list[str]:
    return [key.public for key in keys]


def test_the_first_is_current_and_each_is_known(app: Flask, file: Path) -> None:
    assert held(app) == publics(OLD, OLDEST)
    with app.app_context():
        assert keyring.key_of(OLD.public) == OLD
        assert keyring.key_of(OLDEST.public) == OLDEST
        assert keyring.key_of(NEW.public) is None
        assert keyring.key_of("") is None


def test_so_it_is_with_those_of_the_settings(make_app: AppMaker, file: Path) -> None:
    app = make_app(vapid_private_key=f"{NEW.private_text},{OLD.private_text}")
    assert held(app) == publics(NEW, OLD)
    put(file, OLDEST)
    assert held(app) == publics(NEW, OLD), "the file is not looked at"


def test_a_running_process_sees_a_change_at_once(app: Flask, file: Path) -> None:
    assert held(app) == publics(OLD, OLDEST)
    put(file, NEW, OLD, OLDEST)
    with app.app_context():
        assert keyring.key_of(NEW.public) == NEW
    assert held(app) == publics(NEW, OLD, OLDEST)
    put(file, NEW, OLD)
    with app.app_context():
        assert keyring.key_of(OLDEST.public) is None


def test_also_one_that_was_written_into_the_same_file(app: Flask, file: Path) -> None:
    assert held(app) == publics(OLD, OLDEST)
    moment = file.stat().st_mtime_ns
    file.write_text(write_keys([NEW, OLDEST]), encoding="utf-8")
    os.utime(file, ns=(moment, moment))
    assert held(app) == publics(NEW, OLDEST)


def test_what_has_not_changed_is_not_read_again(app: Flask, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = held(app)
    monkeypatch.setattr(key_file, "read", lambda *_given: pytest.fail("read once more"))
    assert held(app) == before


@pytest.mark.parametrize(
    ("happening", "said"),
    [
        (lambda file: file.unlink(), "No such file or directory"),
        (lambda file: file.write_text(f"{OLD.private_text}\nhunter2\n"), "The VAPID key in line 2 of"),
        (lambda file: file.write_bytes(b"\xff\xfe"), "must be text"),
        (lambda file: file.write_text(""), "must be a private key"),
    ],
    ids=["missing", "broken", "no text", "empty"],
)
def test_when_the_file_breaks_a_running_process_goes_on_and_says_it_once(
    app: Flask, file: Path, caplog: pytest.LogCaptureFixture, happening: object, said: str
) -> None:
    before = held(app)
    assert callable(happening)
    happening(file)
    with caplog.at_level(logging.ERROR):
        assert [held(app) for _time in range(3)] == [before] * 3
    (line,) = caplog.messages
    assert said in line
    assert str(file) in line
    assert "goes on with the keys that it has read before" in line
    assert not [secret for secret in ("hunter2", OLD.private_text) if secret in line]
    put(file, NEW, OLD)
    assert held(app) == publics(NEW, OLD)


def test_at_the_start_the_line_that_is_wrong_is_named_and_the_file_left_as_it_is(app: Flask, file: Path) -> None:
    text = f"# ours\n{OLD.private_text}\nhunter2  # made 2026-01-01\n"
    file.write_text(text, encoding="utf-8")
    with app.app_context(), pytest.raises(StartError) as refused:
        keyring.prepare()
    message = str(refused.value)
    assert message.startswith(f"The VAPID key in line 3 of {file} must be base64url of 32 bytes, or PEM")
    assert "Put back the file from your backup" in message
    assert "\n" not in message
    assert "hunter2" not in message
    assert file.read_text(encoding="utf-8") == text


def test_a_file_that_cannot_be_read_is_said_in_one_line(app: Flask, tmp_path: Path) -> None:
    (tmp_path / keyring.KEY_FILE).mkdir()
    with app.app_context(), pytest.raises(StartError, match=r"^/.*: Is a directory\. Mend it, or put back the file"):
        keyring.prepare()


def test_an_old_backup_of_the_keys_is_noticed_at_the_start(
    make_app: AppMaker, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(file, NEW, OLD)
    client = make_app().test_client()
    numbers = [subscribe(client) for _number in range(3)]
    put(file, OLD)
    app = make_app()
    change(app, numbers[0], off_because="signed_out", off_at=clock.now())
    assert "VAPID keys here: 2. They get nothing until they visit the site." in said_at_the_start(app, capsys)
    put(file, NEW, OLD)
    assert said_at_the_start(app, capsys) == ""


def said_at_the_start(app: Flask, capsys: pytest.CaptureFixture[str]) -> str:
    settings = app.config["SETTINGS"]
    capsys.readouterr()
    with start.prepare(settings_in(settings.instance_path, database_url=settings.database_url)).app_context():
        db.engine.dispose()
    return capsys.readouterr().err
