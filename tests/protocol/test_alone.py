"""The protocol stands alone: it loads neither Flask nor the database, and its keys nothing that gevent must patch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import webpush_app.protocol
from webpush_app.config import ROOT

MODULES = sorted(path.stem for path in Path(*webpush_app.protocol.__path__).glob("*.py") if path.stem != "__init__")
HEAVY = ("flask", "werkzeug", "sqlalchemy", "gevent", "webpush_app.config", "webpush_app.factory")
UNPATCHED = ("ssl", "requests", "urllib3", "pywebpush", "aiohttp", "asyncio", "http.client")


def loaded_with(*modules: str) -> set[str]:
    """What a new Python has loaded after importing them."""
    program = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_protocol_loads_neither_flask_nor_the_database() -> None:
    loaded = loaded_with("webpush_app.protocol", *(f"webpush_app.protocol.{name}" for name in MODULES))
    assert loaded & set(HEAVY) == set()
    assert "pywebpush" in loaded  # so that this test would see what is loaded


def test_the_server_never_loads_libcurl() -> None:
    """gevent cannot patch it: whoever waited in it would hold up everybody."""
    assert loaded_with("webpush_app.server", "webpush_app.factory", "webpush_app.start") & {"pycurl"} == set()
    assert "pycurl" in loaded_with("webpush_app.engine.worker")


@pytest.mark.parametrize("name", ["vapid_keys", "base64url", "endpoints", "message"])
def test_what_is_read_before_gevent_patches_loads_nothing_to_be_patched(name: str) -> None:
    assert loaded_with(f"webpush_app.protocol.{name}") & {*HEAVY, *UNPATCHED} == set()
