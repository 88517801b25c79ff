"""Where systemd holds the listener, as in `deploy/systemd`, the server may be started again and nobody is refused."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.server.running import ROOT, START_SECONDS, environment
from tests.server.visitors import Visitor

# What systemd does before it starts a service: the listener is file 3, and the service is told so, and where to say
# that it is ready.
AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), NOTIFY_SOCKET=sys.argv[2])
os.execv(sys.executable, [sys.executable, "app.py"])
"""


@contextmanager
def started(instance: Path, listener: socket.socket, told: socket.socket) -> Iterator[subprocess.Popen[str]]:
    port = listener.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", AS_SYSTEMD, str(listener.fileno()), told.getsockname()],
        cwd=ROOT,
        env=environment(instance, port, EMBEDDED_WORKER="false", PYTHONWARNINGS="ignore"),
        pass_fds=[listener.fileno()],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_who_comes_while_it_is_started_again_waits_and_is_answered(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.settimeout(START_SECONDS)
        port = listener.getsockname()[1]
        with started(tmp_path / "instance", listener, told), Visitor(port) as visitor:
            assert told.recv(100).startswith(b"READY=1")
            assert visitor.get("/healthz").status == 200
        statuses: list[int] = []
        with Visitor(port) as patient:  # nobody is there just now
            asking = threading.Thread(target=lambda: statuses.append(patient.get("/healthz").status))
            asking.start()
            with started(tmp_path / "instance", listener, told) as process:
                assert told.recv(100).startswith(b"READY=1")
                asking.join(timeout=30)
                assert statuses == [200]
                assert process.stdout is not None
                assert process.stdout.readline().startswith("Ready: ")
