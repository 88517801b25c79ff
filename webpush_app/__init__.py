"""A self-hosted web-push notification service.

`create_app` is looked up only when somebody asks for it, so that a part without Flask (the settings, and the
protocol of web push itself) can be imported alone.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from webpush_app.factory import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    if name == "create_app":
        # Read at call time, because importing the factory loads Flask and every part of the service.
        return importlib.import_module("webpush_app.factory").create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
