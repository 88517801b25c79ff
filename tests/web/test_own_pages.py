"""What is a page of our own, to whoever follows it: the check must never trust what a browser takes elsewhere."""

from urllib.parse import quote, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from werkzeug.utils import redirect

from webpush_app.web.guards import is_own_page

TRICKS = [
    "/",
    "\\",
    "//",
    "/\\",
    "\t",
    "\n",
    "\r",
    " ",
    "\0",
    ":",
    "@",
    "%2f",
    "%5c",
    ".",
    "..",
    ";",
    "?",
    "#",
    "[",
    "]",
]
TRICKS += ["http:", "https://", "HTTPS:", "javascript:", "data:", "evil.example", "localhost", "\u2028", "\u3002", "／"]
TRICKS += ["\ufeff", "\x85", "\u00a0", "\x0b", "\x0c", "\x1f", "\ud800", "＼", "www", "a", "%09", "%00", "&", "="]

tricky = st.lists(st.sampled_from(TRICKS), max_size=8).map("".join)


def _is_taken_elsewhere(target: str) -> bool:
    """As the URL standard has browsers read an address found on a page of ours."""
    read = target.strip("".join(map(chr, range(0x21))))
    read = "".join(letter for letter in read if letter not in "\t\n\r").replace("\\", "/")
    scheme, colon, _rest = read.partition(":")
    has_scheme = bool(colon) and scheme[:1].isalpha() and not set(scheme) - set(_SCHEME)
    return read.startswith("//") or has_scheme


_SCHEME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-"


@settings(database=None, deadline=None, max_examples=500)
@given(tricky | st.text() | st.text().map("/".__add__) | tricky.map("/".__add__))
@example("//evil.example")
@example("/\\evil.example")
@example("/\t/evil.example")
@example("\t//evil.example")
def test_nothing_that_leads_elsewhere_is_our_own(target: str) -> None:
    if not is_own_page(target):
        return
    assert not _is_taken_elsewhere(target)
    location = redirect(target).headers["Location"]
    assert not _is_taken_elsewhere(location)
    assert location.startswith("/")
    assert not urlsplit(location).netloc
    assert not {"\r", "\n"} & set(location)


@settings(database=None, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4), st.text(max_size=8))
def test_every_address_of_ours_is_our_own(parts: list[str], question: str) -> None:
    spelled = [quote(part.encode("utf-8", "replace"), safe="") for part in parts]
    target = f"/{'/'.join(spelled)}?q={quote(question.encode('utf-8', 'replace'), safe='')}"
    assert is_own_page(target)


@pytest.mark.parametrize("target", [None, "", "people", "?q=1", "#x", ".", "../x", "//", "///", "/\\", "\\"])
def test_what_does_not_begin_at_the_root_is_not_trusted(target: str | None) -> None:
    assert not is_own_page(target)


@pytest.mark.parametrize("target", ["/", "/people?q=a b", "/user/수지", "/a:b", "/@x", "/.", "/%5cevil.example"])
def test_a_plain_page_is_trusted(target: str) -> None:
    assert is_own_page(target)
