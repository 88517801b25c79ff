"""Settings: where they come from, what they may be, and one clear line for each that is wrong."""

import re
from pathlib import Path

import pytest

from webpush_app import config, start
from webpush_app.config import Settings
from webpush_app.errors import StartError

KEY = "k" * 32


def _load(folder: Path, **environment: str) -> Settings:
    return config.load({"INSTANCE_PATH": str(folder), **environment})


def _refusal(folder: Path, **environment: str) -> str:
    with pytest.raises(StartError) as refused:
        _load(folder, **environment)
    message = str(refused.value)
    assert "\n" not in message
    return message


def _write(folder: Path, text: str) -> None:
    (folder / config.CONFIGURATION_FILE).write_text(text, encoding="utf-8")


def test_without_settings_everything_has_a_value(tmp_path: Path) -> None:
    settings = _load(tmp_path / "new" / "folder")
    assert settings.instance_path == tmp_path / "new" / "folder"
    assert settings.database_url == f"sqlite:///{tmp_path / 'new' / 'folder' / 'webpush.sqlite3'}"
    assert (settings.host, settings.port, settings.site_name) == ("127.0.0.1", 5000, "Webpush")
    assert (settings.message_max_length, settings.items_per_page, settings.poll_seconds) == (140, 20, 10.0)
    assert settings.log_level == "INFO"
    assert len(settings.secret_key) == 64


RIGHT = [
    ("HOST", "0.0.0.0", "0.0.0.0"),
    ("PORT", "1", 1),
    ("PORT", " 65535 ", 65535),
    ("SECRET_KEY", KEY, KEY),
    ("DATABASE_URL", "sqlite:////var/x.db", "sqlite:////var/x.db"),
    ("DATABASE_URL", "postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
    ("DATABASE_URL", "postgresql://u:p@h/d?x=1", "postgresql+psycopg://u:p@h/d?x=1"),
    ("DATABASE_URL", "postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
    ("SITE_NAME", "우리 <site>", "우리 <site>"),
    ("SITE_NAME", "x" * 40, "x" * 40),
    ("MESSAGE_MAX_LENGTH", "2000", 2000),
    ("ITEMS_PER_PAGE", "100", 100),
    ("POLL_SECONDS", "0.1", 0.1),
    ("POLL_SECONDS", "3600", 3600.0),
    ("TRUSTED_PROXIES", "1", 1),
    ("TRUSTED_PROXIES", "1", 1),
    ("LOG_LEVEL", "debug", "DEBUG"),
]
WRONG = [
    ("HOST", "x" * 254, "one line of 1 to 253"),
    ("HOST", "a\nb", "one line"),
    *(
        ("PORT", port, "from 1 to 65535")
        for port in ("0", "65536", "-1", "80.0", "http", "８０", "1e3", " ", "9" * 4500)
    ),
    ("SECRET_KEY", "k" * 31, "at least 32 characters"),
    *(
        ("DATABASE_URL", url, "must begin with")
        for url in ("mysql://u:hunter2@h/d", "/x.db", "sqlite:///", "sqlite://x")
    ),
    ("DATABASE_URL", "sqlite:///:memory:", "must begin with"),
    ("SITE_NAME", "x" * 41, "one line of 1 to 40"),
    ("SITE_NAME", "a\tb", "one line"),
    ("MESSAGE_MAX_LENGTH", "0", "from 1 to 2000"),
    ("MESSAGE_MAX_LENGTH", "2001", "from 1 to 2000"),
    ("ITEMS_PER_PAGE", "101", "from 1 to 100"),
    *(("POLL_SECONDS", seconds, "from 0.1 to 3600") for seconds in ("0", "3601", "nan", "inf", "-5", "soon", "1,5")),
    ("TRUSTED_PROXIES", "10", "from 0 to 9"),
    ("TRUSTED_PROXIES", "-1", "a whole number from 0 to 9"),
    ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING or ERROR"),
]


@pytest.mark.parametrize(("name", "given", "value"), RIGHT)
def test_a_right_setting_is_read(tmp_path: Path, name: str, given: str, value: object) -> None:
    assert getattr(_load(tmp_path, **{name: given}), name.lower()) == value


@pytest.mark.parametrize(("name", "given", "value"), RIGHT)
def test_and_so_it_is_from_the_file(tmp_path: Path, name: str, given: str, value: object) -> None:
    _write(tmp_path, f"{name} = {given!r}\n")
    assert getattr(_load(tmp_path), name.lower()) == value


@pytest.mark.parametrize(("name", "given", "why"), WRONG)
def test_a_wrong_setting_is_refused_by_name(tmp_path: Path, name: str, given: str, why: str) -> None:
    message = _refusal(tmp_path, **{name: given})
    assert message.startswith(f"{name} in the environment ")
    assert why in message


@pytest.mark.parametrize(("name", "given", "why"), WRONG)
def test_and_so_it_is_in_the_file(tmp_path: Path, name: str, given: str, why: str) -> None:
    _write(tmp_path, f"{name} = {given!r}\n")
    message = _refusal(tmp_path)
    assert message.startswith(f"{name} in {tmp_path / config.CONFIGURATION_FILE} ")
    assert why in message


def test_every_setting_is_tried_here() -> None:
    assert {name for name, *_rest in RIGHT} == {name for name, *_rest in WRONG} == set(config.NAMES) - {"INSTANCE_PATH"}


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    _write(tmp_path, "PORT = 8001\nSITE_NAME = 'From the file'\nHOST = None\n")
    settings = _load(tmp_path, PORT="8002", SITE_NAME="")
    assert (settings.port, settings.site_name, settings.host) == (8002, "From the file", "127.0.0.1")


def test_an_unknown_name_in_the_file_is_said_and_ignored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _write(tmp_path, "import os\nPROT = 8001\nport = 8002\n")
    assert _load(tmp_path, PROT="1").port == 5000
    warned = capsys.readouterr().err
    assert warned.count("\n") == 1
    assert "PROT is not a setting of this version and is ignored" in warned


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
    _write(tmp_path, text)
    message = _refusal(tmp_path)
    assert message.startswith(str(tmp_path / config.CONFIGURATION_FILE))
    assert why in message


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / config.CONFIGURATION_FILE).write_bytes(b"SITE_NAME = '\xff'")
    assert "cannot be read: UnicodeDecodeError" in _refusal(tmp_path)


@pytest.mark.parametrize(
    "url",
    ["mysql://u:hunter2@h/d", "postgres//u:hunter2@h/d", "hunter2", "sqlite:/hunter2"],
)
def test_a_refused_database_url_is_not_repeated(tmp_path: Path, url: str) -> None:
    assert "hunter2" not in _refusal(tmp_path, DATABASE_URL=url)
    _write(tmp_path, f"DATABASE_URL = {url!r}\n")
    assert "hunter2" not in _refusal(tmp_path)


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:hunter2@h:port/d", "postgresql://u:x@h:hunter2/d", "postgresql://u:hunter2@h/d", "postgresql://"],
)
def test_nor_is_one_that_the_driver_cannot_use(tmp_path: Path, url: str) -> None:
    with pytest.raises(StartError) as refused:
        start.prepare(_load(tmp_path, SECRET_KEY=KEY, DATABASE_URL=url))
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_refused_secret_key_is_not_repeated(tmp_path: Path) -> None:
    assert "hunter2" not in _refusal(tmp_path, SECRET_KEY="hunter2")


@pytest.mark.parametrize("content", [b"", b"short", b"\n" * 40, b"hunter2"], ids=repr)
def test_a_short_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret_key").write_bytes(content)
    (tmp_path / "secret_key").chmod(0o600)
    message = _refusal(tmp_path)
    assert f"The secret key in {tmp_path / 'secret_key'} must have at least 32 characters." in message
    assert "hunter2" not in message


def test_a_key_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_bytes(bytes(range(128, 192)))
    assert str(tmp_path / "secret_key") in _refusal(tmp_path)


def test_the_secret_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    assert _load(tmp_path).secret_key == _load(tmp_path).secret_key
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_given_secret_key_needs_no_file(tmp_path: Path) -> None:
    assert _load(tmp_path, SECRET_KEY=KEY).secret_key == KEY
    assert list(tmp_path.iterdir()) == []


def test_a_key_file_that_others_can_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "secret_key").write_text(KEY, encoding="utf-8")
    (tmp_path / "secret_key").chmod(0o644)
    assert _load(tmp_path).secret_key == KEY
    assert f"Run: chmod 600 {tmp_path / 'secret_key'}" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_options: object, **_named: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "touch", refuse)
    message = _refusal(tmp_path)
    assert f"The folder {tmp_path} cannot be written to (Permission denied)." in message
    assert "INSTANCE_PATH" in message


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    assert "cannot be written to" in _refusal(tmp_path / "taken")
    (tmp_path / "folder" / "secret_key").mkdir(parents=True)
    assert "Is a directory" in _refusal(tmp_path / "folder")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://localhost:5000"),
        ("0.0.0.0", "http://localhost:5000"),
        ("::1", "http://localhost:5000"),
        ("example.org", "http://example.org:5000"),
        ("192.168.1.5", "http://192.168.1.5:5000"),
        ("2001:db8::1", "http://[2001:db8::1]:5000"),
    ],
)
def test_the_address_is_what_a_person_types(tmp_path: Path, host: str, address: str) -> None:
    assert _load(tmp_path, HOST=host).address == address


def test_every_setting_is_named_in_the_readme() -> None:
    readme = (config.ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in config.NAMES if not re.search(rf"\b{name}\b", readme)] == []
