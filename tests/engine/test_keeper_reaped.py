"""How a keeper's end is told from the server's: by what the server was told, and never by how the keeper ended."""

import subprocess
import sys

import pytest

from tests.server.running import ROOT

AGAIN = "The keeper of the push worker ended; it is started again.\n"


def after(what: str) -> tuple[str, str]:
    command = [sys.executable, "-W", "error", "-m", "tests.engine.reaping", what]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    return done.stdout, done.stderr


@pytest.mark.parametrize("what", ["killed", "killed and reaped", "killed beside another", "told to end"])
def test_however_a_keeper_ends_another_one_is_started(what: str) -> None:
    assert after(what) == ("True\n", AGAIN)


@pytest.mark.parametrize("what", ["SIGINT to all", "SIGTERM to all", "SIGQUIT to all"])
def test_but_not_when_the_server_is_told_to_end(what: str) -> None:
    assert after(what) == ("False\n", "")
