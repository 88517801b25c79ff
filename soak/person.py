"""Somebody at a browser: everything they do goes through the pages and the JSON that the site gives to everybody."""

import json
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from html import unescape

from tests.people import PASSWORD
from tests.push.browser_keys import BrowserKeys
from tests.server.visitors import Answer, Visitor

# Allowed by a setting, and known to no name server: nothing can be sent there.
NOWHERE = "push.invalid"
_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'\b(name|type|value)="([^"]*)"')


@contextmanager
def registered(port: int, names: Sequence[str]) -> Iterator[list["Person"]]:
    """Each has just created an account, and stays signed in."""
    with ExitStack() as open_until_the_end:
        people = [Person(name, open_until_the_end.enter_context(Visitor(port))) for name in names]
        for person in people:
            person.register()
        yield people


class UnexpectedAnswer(Exception):
    """Something else than what a person wanted to see."""


class Person:
    def __init__(self, name: str, visitor: Visitor) -> None:
        self.name = name
        self.visitor = visitor

    def register(self) -> None:
        fields = self.form("/register")
        answer = self.visitor.post("/register", **fields, username=self.name, password=PASSWORD, password2=PASSWORD)
        expect(answer, 302)

    def subscribe(self) -> None:
        """A browser that is on, at a push service that cannot be reached."""
        given = BrowserKeys.make().to_json(f"https://{NOWHERE}/{secrets.token_urlsafe(16)}")
        headers = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{self.visitor.connection.port}"}
        answer = self.visitor.ask("POST", "/api/push-subscriptions", json.dumps(given).encode(), headers)
        expect(answer, 201)

    def form(self, path: str) -> dict[str, str]:
        """Open a page, and take what its form hides: the token, and the key of what will be sent."""
        return hidden_fields(expect(self.visitor.get(path), 200))


def hidden_fields(page: Answer) -> dict[str, str]:
    """Of the page's forms; where several have one of a name, it is the same in all of them, or the last one's."""
    inputs = [dict(_ATTRIBUTE.findall(found)) for found in _INPUT.findall(page.text)]
    return {one["name"]: unescape(one.get("value", "")) for one in inputs if one.get("type") == "hidden"}


def expect(answer: Answer, status: int) -> Answer:
    if answer.status != status:
        raise UnexpectedAnswer(f"answered {answer.status} instead of {status}: {answer.text[:300]!r}")
    return answer
