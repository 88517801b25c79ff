"""Settings files and key files that are broken, or that others can read: one clear line each, and no secret in it."""

from pathlib import Path

import pytest

from tests.test_config import KEY, load, refusal, write
from webpush_app import config, start
from webpush_app.errors import StartError


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("PORT = 8000\nSITE_NAME = 'x\n", "line 2: "),
        ("PORT = \n", "line 1: "),
        ("import no_such_module\n", "ModuleNotFoundError"),
        ("PORT = 1 / 0\n", "ZeroDivisionError"),
        ("\0", "null bytes"),
        ("raise OSError('disk')\n", "disk"),
        ("raise SystemExit('enough')\n", "enough"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(tmp_path: Path, text: str, why: str) -> None:
    write(tmp_path, text)
    message = refusal(tmp_path)
    assert message.startswith(str(tmp_path / config.CONFIGURATION_FILE))
    assert why in message


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / config.CONFIGURATION_FILE).write_bytes(b"SITE_NAME = '\xff'")
    assert "cannot be read: UnicodeDecodeError" in refusal(tmp_path)


@pytest.mark.parametrize(
    "url",
    ["mysql://u:hunter2@h/d", "postgres//u:hunter2@h/d", "hunter2", "sqlite:/hunter2"],
)
def test_a_refused_database_url_is_not_repeated(tmp_path: Path, url: str) -> None:
    assert "hunter2" not in refusal(tmp_path, DATABASE_URL=url)
    write(tmp_path, f"DATABASE_URL = {url!r}\n")
    assert "hunter2" not in refusal(tmp_path)


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:hunter2@h:port/d", "postgresql://u:x@h:hunter2/d", "postgresql://u:hunter2@h/d", "postgresql://"],
)
def test_nor_is_one_that_the_driver_cannot_use(tmp_path: Path, url: str) -> None:
    with pytest.raises(StartError) as refused:
        start.prepare(load(tmp_path, SECRET_KEY=KEY, DATABASE_URL=url))
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["SECRET_KEY", "METRICS_TOKEN"])
def test_a_refused_secret_is_not_repeated(tmp_path: Path, name: str) -> None:
    assert "hunter2" not in refusal(tmp_path, **{name: "hunter2"})


@pytest.mark.parametrize("content", [b"", b"short", b"\n" * 40, b"hunter2"], ids=repr)
def test_a_short_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret_key").write_bytes(content)
    (tmp_path / "secret_key").chmod(0o600)
    message = refusal(tmp_path)
    assert f"The secret key in {tmp_path / 'secret_key'} must have at least 32 characters." in message
    assert "hunter2" not in message


def test_a_key_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_bytes(bytes(range(128, 192)))
    assert str(tmp_path / "secret_key") in refusal(tmp_path)


def test_the_secret_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    assert load(tmp_path).secret_key == load(tmp_path).secret_key
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_given_secret_key_needs_no_file(tmp_path: Path) -> None:
    assert load(tmp_path, SECRET_KEY=KEY).secret_key == KEY
    assert list(tmp_path.iterdir()) == []


def test_a_key_file_that_others_can_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "secret_key").write_text(KEY, encoding="utf-8")
    (tmp_path / "secret_key").chmod(0o644)
    assert load(tmp_path).secret_key == KEY
    assert f"Run: chmod 600 {tmp_path / 'secret_key'}" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_options: object, **_named: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "touch", refuse)
    message = refusal(tmp_path)
    assert f"The folder {tmp_path} cannot be written to (Permission denied)." in message
    assert "INSTANCE_PATH" in message


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    assert "cannot be written to" in refusal(tmp_path / "taken")
    (tmp_path / "folder" / "secret_key").mkdir(parents=True)
    assert "Is a directory" in refusal(tmp_path / "folder")
