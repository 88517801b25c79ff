"""The key that browsers subscribe with: made once, kept to its owner, and never made anew while browsers have it."""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import AppMaker, settings_in
from tests.databases import Database
from tests.subscriptions.devices import Device, end, listed, post, result_of, stored, subscribe
from webpush_app import start
from webpush_app.config import ROOT
from webpush_app.database import db
from webpush_app.errors import StartError
from webpush_app.protocol import vapid_keys
from webpush_app.protocol.vapid_key_lists import read_keys
from webpush_app.protocol.vapid_keys import VapidKey
from webpush_app.subscriptions import keyring

# Eight processes that have done everything but ask for the key; then all of them ask in the same instant.
PROGRAM = """
import multiprocessing, os
from webpush_app import config
from webpush_app.database import db
from webpush_app.factory import create_app
from webpush_app.subscriptions import keyring

app = create_app(config.load(os.environ))
with app.app_context():
    db.engine.dispose()
forking = multiprocessing.get_context("fork")
barrier, answers = forking.Barrier(8), forking.SimpleQueue()

def ask():
    with app.app_context():
        barrier.wait(10)
        answers.put(keyring.current_key().public)

started = [forking.Process(target=ask) for _number in range(8)]
for process in started:
    process.start()
for process in started:
    print(answers.get())
for process in started:
    process.join()
"""


def _key(app: Flask) -> VapidKey:
    with app.app_context():
        return keyring.current_key()


def _refusal(app: Flask) -> str:
    with pytest.raises(StartError) as refused:
        _key(app)
    message = str(refused.value)
    assert "\n" not in message
    return message


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / keyring.KEY_FILE


def _write(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    file.chmod(0o600)


def test_the_first_start_makes_it_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        app = start.prepare(settings_in(tmp_path))
    finally:
        os.umask(before)
    file = tmp_path / keyring.KEY_FILE
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text(encoding="utf-8")
    with app.app_context():
        key = keyring.current_key()
        db.engine.dispose()
    assert re.fullmatch(rf"{key.private_text}  # made 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00\n", text)


def test_it_is_made_once_and_then_kept(make_app: AppMaker, file: Path) -> None:
    first = _key(make_app())
    assert _key(make_app()) == first
    assert read_keys(file.read_text(encoding="utf-8")) == (first,)
    assert [path.name for path in file.parent.glob(f"*{file.name}*")] == [file.name]


def test_a_process_reads_it_once(app: Flask, file: Path) -> None:
    first = _key(app)
    file.unlink()
    assert _key(app) is first
    assert not file.exists()


def test_eight_processes_that_start_together_have_one_key(
    app: Flask, database: Database, tmp_path: Path, file: Path
) -> None:
    environment = {"PATH": os.environ["PATH"], "INSTANCE_PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    environment["DATABASE_URL"] = database.url
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [_key(app).public] * 8
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("*vapid*")] == [file.name]


def test_it_is_never_made_anew_while_browsers_are_subscribed(make_app: AppMaker, file: Path) -> None:
    for _number in range(2):
        subscribe(make_app().test_client())
    file.unlink()
    message = _refusal(make_app())
    assert message.startswith(f"{file} is missing, and 2 browsers are subscribed with the key in it.")
    assert "Put back the file from your backup" in message
    assert "VAPID_PRIVATE_KEY" in message
    assert not file.exists()


def test_and_works_again_once_it_is_put_back(make_app: AppMaker, file: Path) -> None:
    device = Device()
    number = subscribe(make_app().test_client(), device)
    text = file.read_text(encoding="utf-8")
    file.unlink()
    _refusal(make_app())
    given = make_app(vapid_private_key=text.strip())
    assert stored(given, number).vapid_public_key == _key(given).public
    _write(file, text.encode())
    assert subscribe(make_app().test_client(), device) == number


def test_once_no_browser_is_left_it_may_be_made_anew(make_app: AppMaker, file: Path) -> None:
    client, device = make_app().test_client(), Device()
    subscribe(client, device)
    first = file.read_text(encoding="utf-8")
    end(client, device.by_secret)
    file.unlink()
    _key(make_app())
    assert file.read_text(encoding="utf-8") != first


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"hunter2",
        b"A" * 43,
        b"A" * 44,
        b"\xff\xfe\0",
        b"-----BEGIN EC PRIVATE KEY-----\nhunter2",
        b"x" * 20000,
    ],
    ids=lambda content: repr(content)[:30],
)
def test_a_file_that_holds_no_key_is_refused_and_left_as_it_is(app: Flask, file: Path, content: bytes) -> None:
    _write(file, content)
    message = _refusal(app)
    assert message.startswith(f"The VAPID key in {file} must be ")
    assert "Put back the file from your backup" in message
    assert "hunter2" not in message
    assert file.read_bytes() == content


def test_so_is_the_public_key_in_the_place_of_the_private_one(app: Flask, file: Path) -> None:
    _write(file, vapid_keys.generate().public.encode())
    assert "must be the private key; this has the length of a public one." in _refusal(app)


def test_the_file_may_hold_a_key_of_the_owners_in_any_form(make_app: AppMaker, file: Path) -> None:
    key = vapid_keys.generate()
    pem = key.vapid.private_pem()
    der = load_pem_private_key(pem, None).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    for content in (key.private_text.encode(), pem, base64.b64encode(der), base64.encodebytes(der)):
        _write(file, content)
        assert _key(make_app()) == key


def test_a_key_of_the_settings_needs_no_file(make_app: AppMaker, file: Path) -> None:
    key = vapid_keys.generate()
    _write(file, b"not looked at")
    assert _key(make_app(vapid_private_key=key.private_text)) == key
    file.unlink()
    assert _key(make_app(vapid_private_key=key.private_text)) == key
    assert not file.exists()


def test_after_a_change_of_key_who_subscribes_with_the_new_one_is_on_again(make_app: AppMaker) -> None:
    device, before, new = Device(), make_app().test_client(), vapid_keys.generate()
    number = subscribe(before, device)
    after = make_app(vapid_private_key=new.private_text).test_client()
    _carry_cookie(before, after)
    assert [one["off_because"] for one in listed(after)] == ["other_key"]
    answer = post(after, device.to_json(applicationServerKey=new.public))
    assert (answer.status_code, result_of(answer)["id"]) == (200, number)
    assert [one["is_on"] for one in listed(after)] == [True]


def _carry_cookie(giver: FlaskClient, taker: FlaskClient) -> None:
    cookie = giver.get_cookie("webpush_session")
    assert cookie is not None
    taker.set_cookie("webpush_session", cookie.value)
