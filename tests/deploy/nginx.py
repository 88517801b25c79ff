"""A real nginx, started from `deploy/nginx.conf`: only ports, names, certificates and folders are the test's own."""

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.engine.processes import wait_until
from tests.missing_programs import NGINX
from tests.push import certificate
from tests.push.certificate import Certificate
from tests.server.running import ROOT, free_port

CONFIGURATION = ROOT / "deploy" / "nginx.conf"
NAME = "localhost"
START_SECONDS = 30.0
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_FAILS = "max_fails=3 fail_timeout=10s;"


@dataclass(frozen=True)
class Front:
    port: int
    plain_port: int
    folder: Path
    certificate: Certificate
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}"

    def log(self, name: str = "access") -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")

    def logged(self, times: int, pattern: str) -> list[str]:
        """A line is written a moment after its answer was sent, by each process for itself: they stand in any order."""
        found: list[str] = []

        def look() -> bool:
            found[:] = [line for line in self.log().splitlines() if re.search(pattern, line)]
            return len(found) >= times

        wait_until(look, 10)
        assert len(found) == times
        return found


def is_own(line: str) -> bool:
    """Of the log: nginx answered by itself."""
    return line.endswith(' "-" "-" "-"')


@contextmanager
def nginx(folder: Path, upstreams: Sequence[int], **changed: str) -> Iterator[Front]:
    """In front of these ports, of which there are two. `changed`: directives with other values."""
    folder.mkdir(exist_ok=True)
    port, plain_port = free_port(), free_port()
    made = certificate.make(folder, [NAME])
    file = folder / "nginx.conf"
    text = _configuration(folder, port, plain_port, upstreams, made)
    for name, value in changed.items():
        text, times = re.subn(rf"^    {name} [^;]*;", f"    {name} {value};", text, flags=re.MULTILINE)
        assert times == 1, name
    file.write_text(text, encoding="utf-8")
    command = [str(NGINX), "-p", str(folder), "-c", str(file), "-e", str(folder / "error.log"), "-g", "daemon off;"]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            _wait_until_it_listens(process, port)
            yield Front(port, plain_port, folder, made, process)
        finally:
            process.terminate()
            said, _ = process.communicate(timeout=30)
    assert said == b""


def _configuration(folder: Path, port: int, plain_port: int, upstreams: Sequence[int], made: Certificate) -> str:
    text = CONFIGURATION.read_text(encoding="utf-8")
    first, second = upstreams
    temporary = "".join(f"    {name}_temp_path {folder}/{name}_temp;\n" for name in _TEMPORARY)
    for was, becomes in {
        "user www-data;": "user root;" if os.getuid() == 0 else "",  # who may read the files of the test
        "pid /run/nginx.pid;": f"pid {folder}/nginx.pid;",
        "/var/log/nginx/": f"{folder}/",
        "/var/lib/nginx/webpush": f"{folder}/cache",
        "/var/www/html": str(folder),
        "/srv/webpush/deploy;": f"{ROOT}/deploy;",
        "\nhttp {\n": f"\nhttp {{\n{temporary}",
        f"server 127.0.0.1:5000 {_FAILS}": f"server 127.0.0.1:{first} {_FAILS}",
        f"server 10.0.0.12:5000 {_FAILS}": f"server 127.0.0.1:{second} {_FAILS}",
        "listen [::]:80": "# listen [::]:80",
        "listen [::]:443": "# listen [::]:443",
        "listen 80": f"listen 127.0.0.1:{plain_port}",
        "listen 443": f"listen 127.0.0.1:{port}",
        "server_name push.example.org;": f"server_name {NAME};",
        "/etc/letsencrypt/live/push.example.org/fullchain.pem": str(made.certificate_file),
        "/etc/letsencrypt/live/push.example.org/privkey.pem": str(made.key_file),
    }.items():
        assert was in text, was
        text = text.replace(was, becomes)
    return text


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[0]
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError("nginx does not listen")
