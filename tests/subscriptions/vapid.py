"""`flask vapid …` as a person runs it beside a running service, and the keys in the file it is about."""

from pathlib import Path

from click.testing import Result
from flask import Flask

from webpush_app.protocol.vapid_key_lists import read_keys
from webpush_app.subscriptions import keyring


def vapid(app: Flask, *arguments: str, typed: str | None = None) -> Result:
    return app.test_cli_runner().invoke(args=["vapid", *arguments], input=typed)


def done(app: Flask, *arguments: str, typed: str | None = None) -> str:
    """What it says; it must end well."""
    result = vapid(app, *arguments, typed=typed)
    assert result.exit_code == 0, result.output
    return result.output


def refused(app: Flask, *arguments: str) -> str:
    """In one line."""
    result = vapid(app, *arguments)
    assert (result.exit_code, result.output.count("\n")) == (1, 1), result.output
    assert result.output.startswith("Error: ")
    return result.output


def file_of(app: Flask) -> Path:
    path: Path = app.config["SETTINGS"].instance_path / keyring.KEY_FILE
    return path


def kept(app: Flask) -> list[str]:
    """The public keys of the file, newest first."""
    return [key.public for key in read_keys(file_of(app).read_text(encoding="utf-8"))]


def current(app: Flask) -> str:
    with app.app_context():
        return keyring.current_key().public
