"""Every setting, read and checked in one place: the environment first, then `instance/application.cfg.py`.

This module loads neither Flask nor the database, because the start command and gunicorn's configuration read it first.
"""

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from webpush_app import private_files, setting_values
from webpush_app.errors import StartError
from webpush_app.protocol import vapid_key_lists

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION_FILE = "application.cfg.py"
LANGUAGES = {"en": "English", "es": "Español", "ko": "한국어", "zh": "简体中文"}


@dataclass(frozen=True)
class Settings:
    instance_path: Path
    # Secrets are shown by nobody who prints the settings.
    secret_key: str = field(repr=False)
    database_url: str = field(repr=False)
    engine_url: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    port: int = 5000
    web_processes: int = 1
    site_name: str = "Webpush"
    message_max_length: int = 140
    items_per_page: int = 20
    poll_seconds: float = 10.0
    integrate_socketio: bool = True
    trusted_proxies: int = 0
    # Of several the newest first, with commas between them.
    vapid_private_key: str | None = field(default=None, repr=False)
    vapid_public_key: str | None = None
    vapid_claim_email: str | None = None
    push_service_hosts: tuple[str, ...] = ()
    push_transport: str = "auto"
    embedded_worker: bool = True
    push_lease_seconds: int = 60
    pushes_kept_days: int = 7
    dead_letters_kept_days: int = 30
    metrics_token: str | None = field(default=None, repr=False)
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
    _check_keys_match(given.get("vapid_private_key"), given.get("vapid_public_key"))
    given.setdefault("embedded_worker", "engine_url" not in given)  # Celery's workers do the same work
    database_url = given.pop("database_url", None) or f"sqlite:///{instance_path / 'webpush.sqlite3'}"
    _check_processes(given.get("web_processes", 1), database_url)
    try:
        return Settings(
            instance_path=instance_path,
            secret_key=given.pop("secret_key", None) or _stored_secret_key(instance_path),
            database_url=database_url,
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


def _check_keys_match(private: str | None, public: str | None) -> None:
    if public and not private:
        raise StartError(
            "VAPID_PUBLIC_KEY is set without VAPID_PRIVATE_KEY. Set both, or neither to have the keys made here."
        )
    if private and public and vapid_key_lists.read_keys(private)[0].public != public:
        raise StartError(
            "VAPID_PUBLIC_KEY does not belong to VAPID_PRIVATE_KEY. Leave VAPID_PUBLIC_KEY out: it follows from the "
            "private key, of several from the first."
        )


def _check_processes(web_processes: int, database_url: str) -> None:
    if web_processes > 1 and database_url.startswith("sqlite:"):
        raise StartError(
            f"WEB_PROCESSES is {web_processes}, but on SQLite they would only wait for each other. "
            "Leave it out, or set DATABASE_URL to a PostgreSQL database."
        )


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
        return setting_values.secret(key.strip())
    except ValueError as error:
        raise StartError(
            f"The secret key in {path} {error} Delete the file to get a new one; everybody will have to sign in again."
        ) from None


# Never repeated in a message: an address of a database or of Redis may hold its password.
_SECRET = ("SECRET_KEY", "DATABASE_URL", "ENGINE_URL", "VAPID_PRIVATE_KEY", "METRICS_TOKEN")
_PARSERS: dict[str, Callable[[str], Any]] = {
    "HOST": setting_values.text(253),
    "PORT": setting_values.whole(1, 65535),
    "WEB_PROCESSES": setting_values.whole(1, 64),
    "SECRET_KEY": setting_values.secret,
    "DATABASE_URL": setting_values.database_url,
    "ENGINE_URL": setting_values.engine_url,
    "SITE_NAME": setting_values.text(40),
    "MESSAGE_MAX_LENGTH": setting_values.whole(1, 2000),
    "ITEMS_PER_PAGE": setting_values.whole(1, 100),
    "POLL_SECONDS": setting_values.seconds,
    "INTEGRATE_SOCKETIO": setting_values.yes_or_no,
    "TRUSTED_PROXIES": setting_values.whole(0, 9),
    "VAPID_PRIVATE_KEY": setting_values.private_keys,
    "VAPID_PUBLIC_KEY": setting_values.public_key,
    "VAPID_CLAIM_EMAIL": setting_values.contact,
    "PUSH_SERVICE_HOSTS": setting_values.hosts,
    "PUSH_TRANSPORT": setting_values.push_transport,
    "EMBEDDED_WORKER": setting_values.yes_or_no,
    "PUSH_LEASE_SECONDS": setting_values.whole(3, 600),
    "PUSHES_KEPT_DAYS": setting_values.whole(1, 3650),
    "DEAD_LETTERS_KEPT_DAYS": setting_values.whole(1, 3650),
    "METRICS_TOKEN": setting_values.token,
    "LOG_LEVEL": setting_values.log_level,
}
NAMES = ("INSTANCE_PATH", *_PARSERS)
assert {name.lower() for name in NAMES} == {one.name for one in fields(Settings)}  # noqa: S101 - a typo here fails at import
