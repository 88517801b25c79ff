"""The small form of `python -m soak handshakes`: some seconds, and no judgement of how long people wait."""

import json
from pathlib import Path

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, TextMessage

from soak import handshakes
from soak.bad_handshakes import KINDS, frame
from soak.figures import Figures
from soak.options import Options
from tests.soak.conftest import Where

SLOW = {"handshakes_answer_times", "handshakes_way_times", "handshakes_per_second", "handshakes_files"}


def test_bad_handshakes_harm_nobody(
    tmp_path: Path, where: Where, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(handshakes, "AUTHORS", 2)
    monkeypatch.setattr(handshakes, "RATE", 60.0)
    monkeypatch.setattr(handshakes, "THINKING_SECONDS", (0.0, 0.2))
    figures = Figures()
    handshakes.prove(tmp_path / "handshakes", Options(sockets=10, seconds=3, **where), figures)
    shown = {line["figure"]: line["value"] for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert set(figures.broken) <= SLOW
    assert shown["handshakes_answer_p95_ms"] > 0
    assert shown["handshakes_way_p95_ms"] > 0


@pytest.mark.parametrize("length", [0, 125, 126, 2**16 - 1, 2**16, 2**20])
def test_frames_are_such_as_clients_send(length: int) -> None:
    server = Connection(ConnectionType.SERVER)
    server.receive_data(frame(0x81, b"x" * length))
    [*parts] = server.events()
    assert "".join(part.data for part in parts if isinstance(part, TextMessage)) == "x" * length


def test_of_what_is_sent_after_joining_only_noise_is_no_frame() -> None:
    found = {}
    for kind in KINDS:
        if kind.garbage:
            server = Connection(ConnectionType.SERVER)
            server.receive_data(kind.garbage)
            found[kind.name] = {type(event) for event in server.events()}
    assert found.pop("noise") == {CloseConnection}
    assert found.pop("binary frame") == {BytesMessage}
    assert set(map(frozenset, found.values())) == {frozenset({TextMessage})}
