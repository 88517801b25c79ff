"""What thousands of tests pay for an app each, and need not: routes that are compiled again, and looks for garbage.

Nothing of the product is another because of it.
"""

import gc
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

_builders: dict[tuple[object, ...], Callable[..., Any]] = {}
# Few cycles are left behind by a test, and each look goes through all that Flask and SQLAlchemy hold.
_BETWEEN_LOOKS = (50_000, 20, 50)


class CompiledOnce(Rule):
    """A route is the same in each app. Should Werkzeug compile in another way one day, this is only without effect."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., Any]:
        kinds = tuple(sorted((name, type(one).__qualname__) for name, one in self._converters.items()))
        key = (self.rule, self.subdomain, self.host, repr(self.defaults), kinds, append_unknown)
        if key not in _builders:
            _builders[key] = super()._compile_builder(append_unknown)
        return _builders[key]


def pytest_configure() -> None:
    Flask.url_rule_class = CompiledOnce


def pytest_collection_finish(session: pytest.Session) -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_BETWEEN_LOOKS)
