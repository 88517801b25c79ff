"""Every setting, read and checked in one place: the environment first, then `instance/application.cfg.py`.

This module loads neither Flask nor the database, because the start command and gunicorn's configuration read it first.
"""

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from webpush_app import private_files
from webpush_app.errors import StartError

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION_FILE = "application.cfg.py"
LANGUAGES = {"en": "English", "es": "Español", "ko": "한국어", "zh": "简体中文"}


@dataclass(frozen=True)
class Settings:
    instance_path: Path
    secret_key: str
    database_url: str
    host: str = "127.0.0.1"
    port: int = 5000
    site_name: str = "Webpush"
    message_max_length: int = 140
    items_per_page: int = 20
    poll_seconds: float = 10.0
    trusted_proxies: int = 0
    log_level: str = "INFO"

    @property
    def address(self) -> str:
        """What a person types into a browser on this machine. Browsers trust `localhost` as they trust https."""
        host = "localhost" if self.host in ("127.0.0.1", "::1", "0.0.0.0", "::", "localhost") else self.host  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings as they stand, with the secret key made if there is none. Refuses whatever is wrong."""
    instance_path = Path(environment.get("INSTANCE_PATH") or ROOT / "instance").resolve()
    _make_folder(instance_path)
    given = _given(instance_path / CONFIGURATION_FILE, environment)
    try:
        return Settings(
            instance_path=instance_path,
            secret_key=given.pop("secret_key", None) or _stored_secret_key(instance_path),
            database_url=given.pop("database_url", None) or f"sqlite:///{instance_path / 'webpush.sqlite3'}",
            **given,
        )
    except OSError as error:
        raise StartError(f"{error.filename or instance_path}: {error.strerror}. Mend it and start again.") from None


def _given(file: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, tuple[str, Any]] = {name: (str(file), value) for name, value in _read_file(file).items()}
    found |= {name: ("the environment", environment[name]) for name in _PARSERS if environment.get(name)}
    for name in sorted(found.keys() - _PARSERS.keys()):
        why = "works in the environment alone" if name in NAMES else "is not a setting of this version"
        sys.stderr.write(f"{file}: {name} {why} and is ignored; the README lists the settings.\n")
    return {name.lower(): _parse(name, value, source) for name, (source, value) in found.items() if name in _PARSERS}


def _read_file(file: Path) -> dict[str, Any]:
    """Run the settings file, as Flask does with such files, and keep its names in capitals."""
    values: dict[str, Any] = {}
    try:
        code = compile(file.read_text(encoding="utf-8"), str(file), "exec")
        exec(code, values)  # noqa: S102 - the owner's own file, like any Flask configuration
    except FileNotFoundError:
        return {}
    except SyntaxError as error:
        raise StartError(f"{file}, line {error.lineno or 1}: {error.msg}. Correct the line and start again.") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the file is code, and may raise anything
        raise StartError(
            f"{file} cannot be read: {type(error).__name__}: {error}. Correct it and start again."
        ) from None
    return {name: value for name, value in values.items() if name.isupper() and value is not None}


def _parse(name: str, value: Any, source: str) -> Any:
    try:
        return _PARSERS[name](str(value).strip())
    except ValueError as error:
        shown = "" if name in _SECRET else f" is {str(value)!r}, and"
        raise StartError(f"{name} in {source}{shown} {error}") from None


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
        # Tried, not asked: `os.access` says yes to root on a read-only disk.
        trial = path / f".writable.{secrets.token_hex(8)}"
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise StartError(
            f"The folder {path} cannot be written to ({error.strerror}). "
            "Change its owner, or set INSTANCE_PATH to a folder of yours."
        ) from None


def _stored_secret_key(instance_path: Path) -> str:
    path = instance_path / "secret_key"
    try:
        key = private_files.read_or_create(path, lambda: secrets.token_urlsafe(48))
    except UnicodeDecodeError:
        key = ""
    if private_files.is_readable_by_others(path):
        sys.stderr.write(f"Others on this machine can read the secret key. Run: chmod 600 {path}\n")
    try:
        return _secret(key.strip())
    except ValueError as error:
        raise StartError(
            f"The secret key in {path} {error} Delete the file to get a new one; everybody will have to sign in again."
        ) from None


def _text(limit: int) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if not 1 <= len(value) <= limit or not value.isprintable():
            raise ValueError(f"must be one line of 1 to {limit} characters.")
        return value

    return parse


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not (value.isascii() and value.isdigit() and len(value) < 10 and lowest <= int(value) <= highest):
            raise ValueError(f"must be a whole number from {lowest} to {highest}.")
        return int(value)

    return parse


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 3600:
        raise ValueError("must be a number of seconds from 0.1 to 3600.")
    return seconds


def _secret(value: str) -> str:
    if len(value) < 32:
        raise ValueError("must have at least 32 characters.")
    return value


def _database_url(value: str) -> str:
    if value.startswith(("postgres://", "postgresql://")):
        value = "postgresql+psycopg://" + value.split("://", 1)[1]
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")) or value in ("sqlite:///", "sqlite:///:memory:"):
        raise ValueError("must begin with sqlite:/// and name a file, or begin with postgresql://.")
    try:
        _ = urlsplit(value).port
    except ValueError:  # its own words would repeat the address
        raise ValueError(
            "must have a number as its port; write / # [ ] @ in a password as %2F %23 %5B %5D %40."
        ) from None
    return value


def _log_level(value: str) -> str:
    if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR.")
    return value.upper()


_SECRET = ("SECRET_KEY", "DATABASE_URL")  # never repeated in a message: the second may hold a password
_PARSERS: dict[str, Callable[[str], Any]] = {
    "HOST": _text(253),
    "PORT": _whole(1, 65535),
    "SECRET_KEY": _secret,
    "DATABASE_URL": _database_url,
    "SITE_NAME": _text(40),
    "MESSAGE_MAX_LENGTH": _whole(1, 2000),
    "ITEMS_PER_PAGE": _whole(1, 100),
    "POLL_SECONDS": _seconds,
    "TRUSTED_PROXIES": _whole(0, 9),
    "LOG_LEVEL": _log_level,
}
NAMES = ("INSTANCE_PATH", *_PARSERS)
assert {name.lower() for name in NAMES} == {field.name for field in fields(Settings)}  # noqa: S101 - a typo here fails at import
