"""Which transport is taken: libcurl's where it can be loaded, and the portable one elsewhere or on demand."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from webpush_app.config import ROOT
from webpush_app.protocol.curl_transport import CurlTransport
from webpush_app.protocol.requests_transport import RequestsTransport
from webpush_app.protocol.transport import Transport
from webpush_app.protocol.transports import transport_named

OUT_OF_ORDER = 'raise ImportError("libcurl.so.4: cannot open shared object file")\n'


@pytest.mark.parametrize(
    ("name", "kind"), [("auto", CurlTransport), ("libcurl", CurlTransport), ("requests", RequestsTransport)]
)
def test_it_is_the_one_that_is_named(name: str, kind: type[Transport]) -> None:
    with closing(transport_named(name)(parallel=3)) as transport:
        assert type(transport) is kind
        assert transport.parallel == 3


def run_without_libcurl(folder: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Python, where pycurl is there and cannot be loaded."""
    (folder / "pycurl.py").write_text(OUT_OF_ORDER, encoding="utf-8")
    paths = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "INSTANCE_PATH": str(folder)}
    return subprocess.run(
        [sys.executable, *arguments], env=paths | settings, capture_output=True, text=True, check=False, timeout=60
    )


def test_without_libcurl_auto_is_requests_and_says_so(tmp_path: Path) -> None:
    program = "from webpush_app.protocol.transports import transport_named as named; print(named('auto').__name__)"
    done = run_without_libcurl(tmp_path, "-c", program)
    assert done.stdout == "RequestsTransport\n"
    assert "pycurl cannot be loaded (libcurl.so.4: cannot open shared object file)" in done.stderr


def test_a_worker_that_shall_use_libcurl_and_cannot_says_what_to_do(tmp_path: Path) -> None:
    done = run_without_libcurl(tmp_path, "-m", "webpush_app.engine.worker", PUSH_TRANSPORT="libcurl")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "PUSH_TRANSPORT is libcurl, but pycurl cannot be loaded (libcurl.so.4: cannot open shared object file). "
        "Install it, or choose requests."
    )
