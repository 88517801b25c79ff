"""The units of systemd fit the code: what they run is there, what they set is known, and times and addresses agree."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import settings_in
from tests.deploy.nginx import CONFIGURATION
from tests.deploy.units import CODE, FOLDER, UNITS, commands, environment, read
from tests.redis_server import RedisServer
from tests.server.running import ROOT
from webpush_app import config, start
from webpush_app.broker.queues import QUEUES
from webpush_app.database import db
from webpush_app.engine import keeper

WEB = FOLDER / "webpush-web.service"
SOCKET = FOLDER / "webpush-web.socket"
WORKER = FOLDER / "webpush-worker@.service"
BEAT = FOLDER / "webpush-beat.service"
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]


def test_they_are_the_ones_that_are_looked_at_here() -> None:
    assert set(UNITS) == {WEB, SOCKET, WORKER, BEAT}


@pytest.mark.systemd
def test_systemd_itself_finds_nothing_wrong(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace(CODE, str(ROOT))
        (tmp_path / unit.name.replace("@.", "@1.")).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(path) for path in sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_what_they_run_is_there(unit: Path) -> None:
    assert commands(unit)
    for program, *arguments in commands(unit):
        assert shutil.which(program), program
        for name in (one for one in arguments if one.endswith(".py")):
            assert (ROOT / name).is_file(), name
        if "-A" in arguments:
            module = arguments[arguments.index("-A") + 1]
            assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_they_may_write_where_the_state_is_and_become_nothing_more(unit: Path) -> None:
    settings = read(unit)
    assert settings["User"] == ["webpush"]
    assert "INSTANCE_PATH=/var/lib/webpush" in settings["Environment"][0]
    assert settings["ReadWritePaths"] == ["/var/lib/webpush"]
    for name, value in {"NoNewPrivileges": "true", "ProtectSystem": "strict", "PrivateTmp": "true"}.items():
        assert settings[name] == [value]
    assert settings["CapabilityBoundingSet"] == [""]
    assert settings["MemoryMax"]
    assert settings["Restart"] in (["on-failure"], ["always"])


@pytest.mark.redis
@pytest.mark.parametrize("unit", [WORKER, BEAT], ids=lambda unit: unit.name)
def test_celery_understands_what_it_is_told(tmp_path: Path, unit: Path, redis_at_hand: RedisServer) -> None:
    (command,) = commands(unit)
    for written, given in {"%i": QUEUES[0], "%H": "machine", "${PROCESSES}": "1"}.items():
        command = [part.replace(written, given) for part in command]
    settings = {"ENGINE_URL": redis_at_hand.url, "PYTHONWARNINGS": "ignore", "PYTHONUNBUFFERED": "1"}
    with start.prepare(settings_in(tmp_path)).app_context():
        db.engine.dispose()
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "INSTANCE_PATH": str(tmp_path), **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        said = next(line for line in process.stdout if QUEUES[0] in line or "LocalTime" in line)
        assert said
        process.send_signal(signal.SIGTERM)
        (seconds,) = read(unit)["TimeoutStopSec"]
        process.communicate(timeout=int(seconds))
        assert process.returncode in (0, -signal.SIGTERM)  # systemd takes both for an end in order


@pytest.mark.parametrize("queue", QUEUES)
def test_there_is_a_worker_for_each_queue(queue: str) -> None:
    assert f"webpush-worker@{queue}" in WORKER.read_text(encoding="utf-8")


def test_the_example_of_the_settings_is_accepted(tmp_path: Path) -> None:
    given = environment()
    assert given.keys() <= set(config.NAMES)
    settings = config.load({**given, "INSTANCE_PATH": str(tmp_path)})
    assert settings.trusted_proxies == 1
    assert settings.web_processes > 1
    assert not settings.embedded_worker


def test_all_look_for_the_service_at_the_same_address() -> None:
    (address,) = read(SOCKET)["ListenStream"]
    assert f"server {address} " in CONFIGURATION.read_text(encoding="utf-8")
    (check,) = read(WEB)["ExecStartPost"]
    assert check.endswith(f" http://{address}/healthz")
    settings = config.Settings(Path(), secret_key="", database_url="")
    assert address == f"{settings.host}:{settings.port}"


def test_it_is_not_killed_before_it_has_finished() -> None:
    written = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")
    found = re.search(r"graceful_timeout = (\d+) if _settings.trusted_proxies", written)
    assert found
    (seconds,) = read(WEB)["TimeoutStopSec"]
    assert int(seconds) > int(found.group(1)) + keeper._STOP_SECONDS + 1
    assert read(WEB)["KillMode"] == ["mixed"]


def test_a_reload_is_refused_where_migrations_are_missing_or_a_setting_is_wrong(tmp_path: Path) -> None:
    check, reload = read(WEB)["ExecReload"]
    assert reload == "/bin/kill -HUP $MAINPID"
    program, *arguments = check.split()
    assert program == f"{CODE}/.venv/bin/flask"

    def is_taken(**settings: str) -> bool:
        command = [sys.executable, "-m", "flask", *arguments]
        given = {**os.environ, "INSTANCE_PATH": str(tmp_path), **settings}
        return (
            subprocess.run(command, cwd=ROOT, env=given, capture_output=True, timeout=60, check=False).returncode == 0
        )

    assert not is_taken()  # a database of before the first migration
    with start.prepare(settings_in(tmp_path)).app_context():
        db.engine.dispose()
    assert is_taken()
    assert not is_taken(WEB_PROCESSES="2")  # settings that a start would refuse
