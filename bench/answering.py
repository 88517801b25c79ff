"""A push service that takes everything, in a process of its own (Node), and peers that are told what to send, line by
line. So the CPU time of each side is its own."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from bench import node
from tests.push.certificate import make as make_certificate
from tests.push.service import NAMES
from tests.server.running import ROOT

_ENDS_WITHIN_SECONDS = 10.0


@dataclass(frozen=True)
class TakingService:
    port: int
    ca_file: Path
    pid: int

    @property
    def stand_in(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ask(self) -> dict[str, float]:
        """How many pushes it has taken, and what that has cost it."""
        answer: dict[str, float] = requests.get(
            f"https://{self.stand_in}/", verify=str(self.ca_file), timeout=30
        ).json()
        return answer


class Told:
    """A process that does what it is told in a line, and says in one what it took."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def listen(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"a peer ended: {self.process.wait(_ENDS_WITHIN_SECONDS)}")
        return line.rstrip("\n")

    def send(self, start: int, count: int) -> float:
        """CPU seconds for so many of the subscriptions."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{start} {count}\n")
        self.process.stdin.flush()
        said: dict[str, Any] = json.loads(self.listen())
        return float(said["cpu_seconds"])


@contextmanager
def taking(folder: Path) -> Iterator[TakingService]:
    certificate = make_certificate(folder, NAMES)
    script = node.SCRIPTS / "answering.js"
    with told([node.node(), script, certificate.certificate_file, certificate.key_file]) as service:
        yield TakingService(int(service.listen().rpartition(" ")[2]), certificate.ca_file, service.process.pid)


@contextmanager
def told(command: Sequence[str | Path], **environment: str) -> Iterator[Told]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Told(process)
        finally:
            process.terminate()
            process.wait(_ENDS_WITHIN_SECONDS)
