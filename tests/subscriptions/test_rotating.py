"""`flask vapid rotate` and `list`: a new key for those who subscribe from now on; others are served as before."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask

from tests.accounts.conftest import Hands
from tests.conftest import AppMaker, settings_in
from tests.server.running import ROOT, environment
from tests.subscriptions.devices import Device, change, listed, post, stored, subscribe
from tests.subscriptions.vapid import current, done, file_of, kept, refused, vapid
from webpush_app import private_files
from webpush_app.config import CONFIGURATION_FILE
from webpush_app.database import db
from webpush_app.factory import create_app
from webpush_app.protocol import vapid_keys
from webpush_app.protocol.vapid_key_lists import read_keys
from webpush_app.subscriptions.models import Off

FIRST, SECOND = (vapid_keys.generate() for _number in range(2))


def test_a_new_key_is_current_in_a_running_process_and_those_before_it_stay(app: Flask) -> None:
    first = current(app)
    said = done(app, "rotate")
    second = current(app)
    assert second != first
    assert kept(app) == [second, first]
    assert said.startswith(f"The new key {second[:12]} is in use from now on. Nothing has to be restarted.\n")
    done(app, "rotate")
    assert kept(app) == [current(app), second, first]
    assert file_of(app).stat().st_mode & 0o777 == 0o600


def test_it_says_how_many_browsers_are_on_older_keys_and_what_happens_to_them(app: Flask, hands: Hands) -> None:
    first, client = current(app), app.test_client()
    numbers = [subscribe(client) for _number in range(3)]
    change(app, numbers[0], off_at=hands.now(), off_because=Off.GONE)
    said = done(app, "rotate")
    assert "Subscribed with older keys: 2 browsers. They are served with theirs, and move over" in said
    assert f"flask vapid retire {first[:12]}\n" in said
    assert f"Back up {file_of(app)} now" in said
    subscribe(client)
    change(app, numbers[1], off_at=hands.now(), off_because=Off.GONE)
    assert "Subscribed with older keys: 2 browsers." in done(app, "rotate"), "with any of them"


def test_where_nobody_is_on_an_older_one_that_is_said(app: Flask) -> None:
    first = current(app)
    said = done(app, "rotate")
    assert "No browser is subscribed with an older key. To remove what is not needed any more: " in said
    assert f"flask vapid retire {first[:12]}\n" in said


def test_no_private_key_is_ever_shown(app: Flask) -> None:
    said = done(app, "rotate") + done(app, "list") + done(app, "show")
    assert not [key for key in read_keys(file_of(app).read_text(encoding="utf-8")) if key.private_text in said]


def test_a_file_of_one_key_in_any_form_goes_on_working(app: Flask) -> None:
    file_of(app).write_bytes(FIRST.vapid.private_pem())
    file_of(app).chmod(0o600)
    assert current(app) == FIRST.public
    done(app, "rotate")
    assert kept(app) == [current(app), FIRST.public]


def test_the_first_key_is_made_where_there_is_none_yet(app: Flask) -> None:
    assert not file_of(app).exists()
    done(app, "rotate")
    assert len(kept(app)) == 2


def test_without_a_database_nothing_is_changed(app: Flask, tmp_path: Path, unmigrated: str) -> None:
    first = current(app)
    nowhere = create_app(settings_in(tmp_path, database_url=unmigrated))
    assert "Run: flask db upgrade" in refused(nowhere, "rotate")
    with nowhere.app_context():
        db.engine.dispose()
    assert kept(app) == [first]


def test_a_missing_or_broken_file_is_not_written_to(make_app: AppMaker) -> None:
    subscribe(make_app().test_client())
    app = make_app()
    file_of(app).write_text("hunter2", encoding="utf-8")
    assert "must be base64url" in refused(app, "rotate")
    assert file_of(app).read_text(encoding="utf-8") == "hunter2"
    file_of(app).unlink()
    assert "1 browsers are subscribed with the key in it" in refused(app, "rotate")
    assert not file_of(app).exists()


def test_a_file_that_cannot_be_replaced_is_said_in_one_line(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, _target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    first = current(app)
    monkeypatch.setattr(Path, "replace", refuse)
    said = refused(app, "rotate")
    assert "Permission denied. The keys are as they were." in said
    assert kept(app) == [first]


def test_several_that_rotate_at_once_lose_no_key(app: Flask, tmp_path: Path) -> None:
    first = current(app)
    command = [sys.executable, "-m", "flask", "--app", "app:create_app", "vapid", "rotate"]
    env = environment(tmp_path, 5000, DATABASE_URL=app.config["SETTINGS"].database_url)
    started = [subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) for _number in range(4)]
    said = [process.communicate(timeout=60)[0] for process in started]
    made = [re.match(r"The new key (\S{12}) ", text) for text in said]
    assert {key[:12] for key in kept(app)} == {first[:12], *(found[1] for found in made if found)}
    assert len(kept(app)) == 5
    assert kept(app)[-1] == first


def test_while_somebody_else_changes_the_keys_it_waits(app: Flask) -> None:
    first = current(app)
    with private_files.alone_with(file_of(app)):
        waiting = Thread(target=lambda: done(app, "rotate"))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        assert current(app) == first
    waiting.join()
    assert current(app) != first


@pytest.mark.parametrize("is_in_the_environment", [True, False])
def test_keys_of_the_settings_are_left_to_the_owner(
    make_app: AppMaker, monkeypatch: pytest.MonkeyPatch, is_in_the_environment: bool
) -> None:
    if is_in_the_environment:
        monkeypatch.setenv("VAPID_PRIVATE_KEY", FIRST.private_text)
    app = make_app(vapid_private_key=FIRST.private_text)
    said = refused(app, "rotate")
    where = "the environment" if is_in_the_environment else str(file_of(app).with_name(CONFIGURATION_FILE))
    assert f"Nothing was changed: the keys are given as VAPID_PRIVATE_KEY in {where}, and are yours to change." in said
    assert "flask vapid rotate --print-key" in said
    assert not file_of(app).exists()


def test_the_new_secret_is_printed_only_where_it_was_asked_for_and_alone_on_the_output(make_app: AppMaker) -> None:
    app = make_app(vapid_private_key=FIRST.private_text)
    result = vapid(app, "rotate", "--print-key")
    assert result.exit_code == 0
    (new,) = read_keys(result.stdout)
    assert result.stdout == f"{new.private_text},\n"
    assert new.private_text not in result.stderr
    assert FIRST.private_text not in result.output
    for part in (
        "Put this secret, with its comma, before what VAPID_PRIVATE_KEY is in ",
        "and restart",
        new.public[:12],
    ):
        assert part in result.stderr
    # Put there, it is the new current one.
    assert current(make_app(vapid_private_key=result.stdout.strip() + FIRST.private_text)) == new.public


def test_nothing_is_printed_that_is_kept_in_the_file(app: Flask) -> None:
    first = current(app)
    result = vapid(app, "rotate", "--print-key")
    assert result.exit_code == 2
    assert "and so is the new one: leave --print-key out" in result.output
    assert kept(app) == [first]


def test_the_list_says_of_each_key_how_it_is_used(app: Flask, hands: Hands) -> None:
    hands.moment = datetime(2026, 3, 1, 9, 5, tzinfo=UTC)
    first, client = current(app), app.test_client()
    numbers = [subscribe(client) for _number in range(3)]
    change(app, numbers[0], off_at=hands.now(), off_because=Off.GONE)
    hands.move(days=2)
    change(app, numbers[2], last_seen_at=hands.now())
    done(app, "rotate")
    change(app, numbers[0], last_seen_at=datetime(2027, 1, 1, tzinfo=UTC))
    second = current(app)
    heading, *lines = done(app, "list").splitlines()
    assert heading.split() == ["KEY", "MADE", "ON", "OFF", "LAST", "SEEN", "(UTC)"]
    assert [line.split() for line in lines] == [
        [second[:12], "current", "2026-03-03", "09:05", "0", "0", "–"],
        [first[:12], "older", "2026-03-01", "09:05", "2", "1", "2026-03-03", "09:05"],
    ]


def test_a_key_whose_beginning_is_not_known_says_so(make_app: AppMaker) -> None:
    said = done(make_app(vapid_private_key=f"{FIRST.private_text},{SECOND.private_text}"), "list")
    assert [line.split()[:4] for line in said.splitlines()[1:]] == [
        [FIRST.public[:12], "current", "not", "known"],
        [SECOND.public[:12], "older", "not", "known"],
    ]


def test_browsers_of_a_key_that_is_not_here_are_listed_too(make_app: AppMaker) -> None:
    subscribe(make_app(vapid_private_key=FIRST.private_text).test_client())
    lines = done(make_app(vapid_private_key=SECOND.private_text), "list").splitlines()
    assert lines[2].split()[:3] == [FIRST.public[:12], "not", "here"]
    assert lines[3].startswith("Subscribed with keys that are not here: 1 browser. If the server is given VAPID_")


def test_so_it_is_said_where_a_person_rotates_without_the_settings_of_the_server(make_app: AppMaker) -> None:
    app = make_app()
    current(app)
    assert "not here" not in done(app, "rotate") + done(app, "list")
    subscribe(make_app(vapid_private_key=FIRST.private_text).test_client())
    assert "Subscribed with keys that are not here: 1 browser. " in done(app, "rotate")


def test_a_browser_may_still_post_what_it_made_with_the_older_key(app: Flask) -> None:
    """Its page was opened before the rotation."""
    first, client, device = current(app), app.test_client(), Device()
    done(app, "rotate")
    answer = post(client, device.to_json(applicationServerKey=first))
    assert answer.status_code == 201
    (one,) = listed(client)
    assert (one["is_on"], one["off_because"]) == (True, None)
    assert stored(app, one["id"]).vapid_public_key == first


def test_who_does_not_say_which_key_it_was_means_the_current_one(app: Flask) -> None:
    current(app)
    done(app, "rotate")
    assert stored(app, subscribe(app.test_client())).vapid_public_key == current(app)


def test_pages_hand_out_the_new_key_at_once(app: Flask) -> None:
    client = app.test_client()
    client.get("/")
    done(app, "rotate")
    assert current(app) in client.get("/").text
    assert (client.get("/api/push-subscriptions").json or {})["application_server_key"] == current(app)
