"""`flask vapid retire`: an older key ends, and with it what was made with it, until those browsers visit again."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from tests.accounts.conftest import Hands
from tests.conftest import SECRET_KEY, AppMaker
from tests.databases import Database
from tests.server.running import ROOT, environment
from tests.subscriptions.devices import Device, assert_refused, change, listed, post, rows, stored, subscribe
from tests.subscriptions.vapid import current, done, file_of, kept, refused, vapid
from webpush_app.protocol import vapid_keys
from webpush_app.subscriptions import key_file, rotation
from webpush_app.subscriptions.models import Off

FIRST, SECOND, THIRD = (vapid_keys.generate() for _number in range(3))


def test_its_browsers_are_turned_off_and_the_key_is_known_no_more(app: Flask, hands: Hands) -> None:
    old, client, device = current(app), app.test_client(), Device()
    numbers = [subscribe(client, device), subscribe(client)]
    done(app, "rotate")
    kept_on = subscribe(client)
    hands.move(hours=1)
    said = done(app, "retire", old[:12], "--yes")
    assert f"The key {old[:12]} is used by 2 browsers. The last of them was seen on " in said
    assert "Turned off: 2 browsers. They come back by themselves when they visit the site." in said
    assert f"The key is removed from {file_of(app)}." in said
    for number in numbers:
        assert (stored(app, number).off_because, stored(app, number).off_at) == (Off.OLD_KEY, hands.now())
    assert stored(app, kept_on).off_at is None
    assert kept(app) == [current(app)]
    assert_refused(post(client, device.to_json(applicationServerKey=old)), 409, "other_key", "applicationServerKey")
    assert {one["off_because"] for one in listed(client)} == {None, "old_key"}


def test_who_visits_again_is_on_with_the_current_key(app: Flask) -> None:
    old, client, device = current(app), app.test_client(), Device()
    number = subscribe(client, device)
    done(app, "rotate")
    done(app, "retire", old, "--yes")
    again = Device()
    answer = post(client, again.to_json(applicationServerKey=current(app), replaces=device.by_secret))
    assert answer.status_code == 200
    (one,) = listed(client)
    assert (one["id"], one["is_on"]) == (number, True)


def test_what_is_off_already_keeps_its_reason(app: Flask, hands: Hands) -> None:
    old, number = current(app), subscribe(app.test_client())
    change(app, number, off_at=hands.now(), off_because=Off.GONE)
    done(app, "rotate")
    assert "is used by 0 browsers.\n" in done(app, "retire", old, "--yes")
    assert stored(app, number).off_because == Off.GONE


def test_it_asks_first_and_no_is_the_answer_of_who_says_nothing(app: Flask) -> None:
    old, number = current(app), subscribe(app.test_client())
    done(app, "rotate")
    for typed in ("\n", "n\n", ""):
        result = vapid(app, "retire", old[:12], typed=typed)
        assert result.exit_code == 1
        assert "Turn them off until their next visit, and remove the key for good? [y/N]" in result.output
    assert stored(app, number).off_at is None
    assert len(kept(app)) == 2
    done(app, "retire", old[:12], typed="y\n")
    assert stored(app, number).off_because == Off.OLD_KEY
    assert len(kept(app)) == 1


def test_the_current_key_is_never_retired(app: Flask) -> None:
    only, number = current(app), subscribe(app.test_client())
    assert "First make a new one: flask vapid rotate" in refused(app, "retire", only[:12], "--yes")
    assert "First make a new one" in refused(app, "retire", "", "--yes")
    done(app, "rotate")
    assert "This is the current key" in refused(app, "retire", current(app), "--yes")
    assert stored(app, number).off_at is None
    assert len(kept(app)) == 2


def test_what_names_no_key_or_more_than_one_is_refused(app: Flask) -> None:
    current(app)
    done(app, "rotate")
    assert "No key begins with 'hunter2'. See them with: flask vapid list" in refused(app, "retire", "hunter2", "--yes")
    assert "2 keys begin with 'B'. Give more of it." in refused(app, "retire", "B", "--yes")
    assert "2 keys begin with ''" in refused(app, "retire", "", "--yes")
    assert len(kept(app)) == 2


def test_a_key_that_became_current_or_was_removed_meanwhile_is_left_alone(app: Flask) -> None:
    """Looked at again, once nobody else can change the file."""
    old = current(app)
    done(app, "rotate")
    new = current(app)
    with app.app_context():
        with pytest.raises(Exception, match="current key"):
            rotation.retire(new)
        rotation.retire(old)
        with pytest.raises(Exception, match="No key begins"):
            rotation.retire(old)
    assert kept(app) == [new]


def test_who_subscribes_with_it_while_it_is_being_retired_is_turned_off_too(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, client, write = current(app), app.test_client(), key_file.write
    done(app, "rotate")

    def post_just_before(path: Path, keys: list[vapid_keys.VapidKey]) -> None:
        assert post(client, Device().to_json(applicationServerKey=old)).status_code == 201
        write(path, keys)

    monkeypatch.setattr(key_file, "write", post_just_before)
    assert "Turned off: 1 browser." in done(app, "retire", old, "--yes")
    assert [row.off_because for row in rows(app)] == [Off.OLD_KEY]


def test_many_are_turned_off_in_steps_between_which_others_may_write(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, client = current(app), app.test_client()
    for _number in range(5):
        subscribe(client)
    done(app, "rotate")
    monkeypatch.setattr(rotation, "STEP", 2)
    assert "Turned off: 5 browsers." in done(app, "retire", old, "--yes")
    assert {row.off_because for row in rows(app)} == {Off.OLD_KEY}


@pytest.mark.usefixtures("little_patience")
def test_a_busy_database_leaves_the_key_where_it_is(app: Flask, database: Database) -> None:
    old, number = current(app), subscribe(app.test_client())
    done(app, "rotate")
    with database.somebody_writes():
        result = vapid(app, "retire", old, "--yes")
    assert result.exit_code == 1
    assert "The service is very busy." in result.output
    assert old in kept(app)
    assert stored(app, number).off_at is None


DIES_AS_THE_KEY_IS_REMOVED = """
import os, signal
from webpush_app.subscriptions import key_file
key_file.write = lambda *_given: os.kill(os.getpid(), signal.SIGKILL)
from app import create_app
app = create_app()
app.test_cli_runner().invoke(args=["vapid", "retire", os.environ["OLD"], "--yes"])
"""


def test_one_that_was_killed_has_hit_nobody_with_a_wrong_key_and_can_be_run_again(app: Flask, tmp_path: Path) -> None:
    old, client, device = current(app), app.test_client(), Device()
    number = subscribe(client, device)
    done(app, "rotate")
    given = {"SECRET_KEY": SECRET_KEY, "DATABASE_URL": app.config["SETTINGS"].database_url, "OLD": old}
    env = environment(tmp_path, 5000, PYTHONPATH=str(ROOT), **given)
    killed = subprocess.run([sys.executable, "-c", DIES_AS_THE_KEY_IS_REMOVED], env=env, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert old in kept(app), "it is taken away last"
    assert stored(app, number).off_because == Off.OLD_KEY
    assert post(client, device.to_json(applicationServerKey=old)).status_code == 200, "and is as good as before"
    assert "Turned off: 1 browser." in done(app, "retire", old, "--yes")
    assert old not in kept(app)


def test_of_keys_of_the_settings_its_place_is_said(make_app: AppMaker) -> None:
    before = make_app(vapid_private_key=FIRST.private_text)
    number = subscribe(before.test_client())
    app = make_app(vapid_private_key=",".join(key.private_text for key in (SECOND, FIRST, THIRD)))
    said = done(app, "retire", FIRST.public[:12], "--yes")
    assert "Turned off: 1 browser." in said
    assert "Now take the key out of VAPID_PRIVATE_KEY in " in said
    assert "it is number 2 of the 3 there." in said
    assert stored(app, number).off_because == Off.OLD_KEY
    assert not [key for key in (FIRST, SECOND, THIRD) if key.private_text in said]
    assert not file_of(app).exists()
    assert os.environ.get("VAPID_PRIVATE_KEY") is None
