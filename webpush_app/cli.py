"""The `flask` commands: people, the push key, pushes, data and languages; Flask-Migrate brings `flask db …`."""

from flask import Flask

from webpush_app.accounts.cli import user_commands
from webpush_app.delivery.cli import outbox_commands, push_commands
from webpush_app.moving import data_commands
from webpush_app.subscriptions.cli import vapid_commands
from webpush_app.translate import translate_commands


def init_app(app: Flask) -> None:
    app.cli.add_command(user_commands)
    app.cli.add_command(vapid_commands)
    app.cli.add_command(push_commands)
    app.cli.add_command(outbox_commands)
    app.cli.add_command(data_commands)
    app.cli.add_command(translate_commands)
