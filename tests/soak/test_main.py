"""`python -m soak`: lists its proofs, runs those that are named, and ends with 1 when a bound is broken."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from soak import __main__ as soak
from soak.figures import Figures
from soak.options import Options

Seen = list[tuple[str, Options]]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """In the place of the proofs, which take minutes, two that only note what they were asked for."""
    noted: Seen = []

    def prove(folder: Path, options: Options, figures: Figures) -> None:
        noted.append((folder.name, options))
        figures.show(f"{folder.name}_lost", options.posts or 0, "as many as were sent", most=0)

    proofs = {name: soak.Proof(f"what {name} proves", prove) for name in ("one", "other")}
    monkeypatch.setattr(soak, "PROOFS", proofs)
    return noted


def test_without_a_name_every_proof_is_run(seen: Seen) -> None:
    assert soak.main([]) == 0
    assert [name for name, _options in seen] == ["one", "other"]


def test_a_named_proof_is_run_alone_with_what_was_asked_for(seen: Seen) -> None:
    arguments = "other --runs 3 --seconds 2.5 --browsers 7 --seed 9 --database-url postgresql://user:secret@host/name"
    assert soak.main(arguments.split()) == 0
    ((name, options),) = seen
    assert name == "other"
    assert (options.runs, options.posts, options.seconds, options.browsers, options.seed) == (3, None, 2.5, 7, 9)
    assert options.settings == {"DATABASE_URL": "postgresql://user:secret@host/name"}
    assert options.database == "PostgreSQL"


def test_a_broken_bound_ends_it_with_1_after_every_proof_was_run(
    seen: Seen, capsys: pytest.CaptureFixture[str]
) -> None:
    assert soak.main(["--posts", "2"]) == 1
    assert len(seen) == 2
    said = capsys.readouterr()
    assert [json.loads(line)["holds"] for line in said.out.splitlines()] == [False, False]
    assert "broken: one_lost, other_lost" in said.err


def test_an_unknown_proof_is_named_beside_those_there_are(seen: Seen, capsys: pytest.CaptureFixture[str]) -> None:
    assert soak.main(["one", "nothing"]) == 2
    assert seen == []
    assert "There is no proof called nothing. There are: one, other." in capsys.readouterr().err


def test_the_list_says_what_each_proves(capsys: pytest.CaptureFixture[str]) -> None:
    assert soak.main(["--list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == [*soak.PROOFS]
    assert all(len(line) > 30 for line in listed)


@pytest.mark.parametrize("wrong", ["--runs=0", "--posts=-1", "--runs=x", "--seconds=x"])
def test_a_number_that_makes_no_sense_is_refused(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        soak.main([wrong])
    assert ended.value.code == 2
    assert "error: argument --" in capsys.readouterr().err


def test_a_database_of_ones_own_is_for_one_proof(seen: Seen, capsys: pytest.CaptureFixture[str]) -> None:
    for names in ([], ["one", "other"]):
        assert soak.main([*names, "--database-url", "postgresql://host/name"]) == 2
        assert "An empty database is good for one proof" in capsys.readouterr().err
    assert seen == []


@pytest.mark.parametrize("name", [name for name, proof in soak.PROOFS.items() if proof.has_machines])
def test_what_stops_its_database_takes_one_of_its_own(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert soak.main([name, "--database-url", "postgresql://host/name"]) == 2
    assert f"{name} stops its database" in capsys.readouterr().err


@pytest.mark.postgresql_only("about its own option")
def test_each_proof_has_a_postgresql_database_of_its_own_on_a_server_that_keeps_what_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: dict[str, list[Any]] = {}

    def prove(_folder: Path, options: Options, _figures: Figures) -> None:
        assert options.database_url is not None
        assert options.database == "PostgreSQL"
        with psycopg.connect(options.database_url) as connection:
            rows = [connection.execute(f"SHOW {name}").fetchone() for name in ("fsync", "synchronous_commit")]
            kept[connection.info.dbname] = [value for row in rows if row is not None for value in row]

    monkeypatch.setattr(soak, "PROOFS", {name: soak.Proof("", prove) for name in ("one", "other")})
    assert soak.main(["--postgresql"]) == 0
    assert kept == {"one": ["on", "on"], "other": ["on", "on"]}
